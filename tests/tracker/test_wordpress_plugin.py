"""The plug-in for WordPress prints the element that includes the tracker, for visitors only."""

import shutil
import subprocess

import pytest
from gallery.guide import blocks

from processes import ROOT

PHP = shutil.which("php")
PLUGIN = ROOT / "examples" / "wordpress" / "visitlog" / "visitlog.php"

WORDPRESS = """
define('ABSPATH', '/');
function is($who) { return in_array($who, $GLOBALS['argv']); }
function is_preview() { return is('preview'); }
function current_user_can($what) { return $what === 'edit_posts' && is('editor'); }
function esc_attr($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_url($text) { return htmlspecialchars($text, ENT_QUOTES); }
function add_action($hook, $function) { $GLOBALS[$hook] = $function; }
"""
"""What the plug-in calls of WordPress."""

pytestmark = pytest.mark.skipif(PHP is None, reason="php is not installed")


def printed(config: str, *who: str) -> str:
    """What is printed into the head of a page, with this in wp-config.php."""
    code = f"{WORDPRESS}{config}\nrequire '{PLUGIN}';\n$wp_head();"
    done = subprocess.run([str(PHP), "-r", code, "--", *who], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_plugin_prints_tracker_for_visitors_only() -> None:
    config = blocks("wordpress", "php")[0]
    element = '<script defer src="https://analytics.example/script-more.js" data-site="demo">'
    assert printed(config) == f"{element}</script>\n"
    assert printed(config, "editor") == printed(config, "preview") == ""
    assert printed("") == ""


def test_plugin_escapes_what_it_is_told() -> None:
    config = (
        """define('VISITLOG_URL', 'https://a.example/"><b>/'); define('VISITLOG_SITE', '"x');"""
    )
    told = printed(config)
    assert '"><b>' not in told
    assert 'data-site="&quot;x"' in told
