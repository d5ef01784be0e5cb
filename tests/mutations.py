"""Switches each protection of the access model off in turn, and sees the test fail that holds it.

    python tests/mutations.py [name …]

Each protection is a line of the source and what it is without it. They are changed in a copy of the
repository. Prints a row of the table in docs/security.md for each; exit code 1 if a test passes
without its protection.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]

KEYS = "tests/api/administration/test_keys.py"
SHARES = "tests/api/administration/test_shares.py"
SHARE_BOARDS = "tests/api/administration/test_share_boards.py"
BOARDS = "tests/api/analytics/boards/test_boards.py"
PERMISSIONS = "tests/api/test_permissions.py"
TOKENS = "tests/api/auth/test_tokens.py"
OIDC = "tests/api/auth/test_oidc.py"


@dataclass(frozen=True)
class Protection:
    """A protection: its place, what is there without it, and the test that fails then."""

    name: str
    file: str
    line: str
    without: str
    test: str


PROTECTIONS = (
    Protection(
        "revoked keys are refused",
        "api/auth/keys.py",
        "col(ApiKey.revoked_at).is_(None), lasts",
        "lasts",
        f"{KEYS}::test_key_that_is_not_good_is_refused_by_every_route",
    ),
    Protection(
        "expired keys are refused",
        "api/auth/keys.py",
        "col(ApiKey.revoked_at).is_(None), lasts",
        "col(ApiKey.revoked_at).is_(None)",
        f"{KEYS}::test_key_that_is_not_good_is_refused_by_every_route",
    ),
    Protection(
        "keys of one site are no good for others",
        "api/auth/access.py",
        "caller.key is None or caller.key.site_id in (None, site.id)",
        "True",
        f"{KEYS}::test_key_of_one_site_is_no_good_for_another",
    ),
    Protection(
        "keys of one site do not see jobs about others",
        "api/submitted/store.py",
        "if caller.only_site is None:",
        "if True:",
        f"{KEYS}::test_key_of_one_site_is_no_good_for_another",
    ),
    Protection(
        "keys do what their scopes say",
        "api/auth/callers.py",
        "self.key is None or bool({scope, Scope.ADMIN} & {*self.key.scopes})",
        "True",
        f"{KEYS}::test_each_scope_does_what_it_says_and_no_more",
    ),
    Protection(
        "a bad key on ingest is refused",
        "api/events/ingest.py",
        "if token.startswith(KEY_PREFIX):",
        "if False:",
        f"{KEYS}::test_key_that_is_not_good_is_refused_by_every_route",
    ),
    Protection(
        "no key makes keys",
        "api/auth/access.py",
        "if caller.login is None:",
        "if False:",
        f"{KEYS}::test_no_key_makes_keys_or_touches_account",
    ),
    Protection(
        "a key for a site takes the role of its scope",
        "api/administration/keys.py",
        "caller, new.site, strongest)",
        "caller, new.site)",
        f"{KEYS}::test_key_for_site_needs_role_of_its_scope",
    ),
    Protection(
        "routes take no share link unless they say so",
        "api/auth/access.py",
        "if caller.share is not None:\n        raise Unauthenticated",
        "if False:\n        raise Unauthenticated",
        f"{SHARES}::test_questions_that_link_cannot_limit_are_refused",
    ),
    Protection(
        "share links are good for their site only",
        "api/auth/access.py",
        "caller.share.board_id is None and caller.share.site_id == site.id",
        "caller.share.board_id is None",
        f"{SHARES}::test_link_shows_site_and_nothing_else",
    ),
    Protection(
        "a share link to a board answers nothing else",
        "api/auth/access.py",
        "caller.share.board_id is None and caller.share.site_id == site.id",
        "caller.share.site_id == site.id",
        f"{SHARE_BOARDS}::test_link_to_board_asks_no_other_question",
    ),
    Protection(
        "a share link to a board shows that board",
        "api/analytics/boards/rules.py",
        "if link.board_id != number:",
        "if False:",
        f"{SHARE_BOARDS}::test_link_to_board_asks_no_other_question",
    ),
    Protection(
        "a share link to a view shows that view",
        "api/analytics/boards/store.py",
        "if only in (None, item.id)",
        "if True",
        f"{SHARE_BOARDS}::test_link_to_view_shows_that_item_only",
    ),
    Protection(
        "only editors change what a share link shows",
        "api/analytics/boards/rules.py",
        "if not member.has(Role.EDITOR) and await is_linked(sites.database, board):",
        "if False:",
        f"{SHARE_BOARDS}::test_only_editors_change_what_link_shows",
    ),
    Protection(
        "boards of others are hidden",
        "api/analytics/boards/rules.py",
        "if not member.sees(board):",
        "if False:",
        f"{BOARDS}::test_board_is_seen_by_members_if_it_is_shared",
    ),
    Protection(
        "only owners and admins change boards",
        "api/analytics/boards/rules.py",
        "if not member.changes(board):",
        "if False:",
        f"{BOARDS}::test_only_owner_and_admins_change_shared_board",
    ),
    Protection(
        "filters of share links are forced",
        "api/analytics/shared.py",
        "if not caller.share.filters:",
        "if True:",
        f"{SHARES}::test_filters_of_link_are_forced_upon_every_question",
    ),
    Protection(
        "filters of share links cannot be replaced",
        "api/analytics/shared.py",
        '[*forced, ["and", parse_clauses(asked)]] if asked else forced',
        "parse_clauses(asked) if asked else forced",
        f"{SHARES}::test_filters_of_link_are_forced_upon_every_question",
    ),
    Protection(
        "share links with a password have to be opened",
        "api/auth/shares.py",
        "if link.password_hash is not None:",
        "if False:",
        f"{SHARES}::test_password_opens_link_for_while",
    ),
    Protection(
        "revoked share links are refused",
        "api/auth/shares.py",
        "and_(col(ShareLink.revoked_at).is_(None), lasts)",
        "lasts",
        f"{SHARES}::test_link_that_ended_is_refused_at_once",
    ),
    Protection(
        "tries of passwords of links are limited",
        "api/administration/shares.py",
        'with tries.trying(where, Unauthenticated, "Too many wrong passwords for this link."):',
        "if tries:",
        f"{SHARES}::test_wrong_passwords_are_limited_by_link_and_network",
    ),
    Protection(
        "only named origins frame a shared page",
        "dashboard/share.py",
        "if link and link.origins:\n        framed = f\"frame-ancestors {' '.join(link.origins)}\"",
        'if link:\n        framed = "frame-ancestors *"',
        f"{SHARES}::test_page_may_be_framed_by_origins_of_link_only",
    ),
    Protection(
        "logins that ended are refused",
        "api/auth/logins.py",
        "(col(Login.revoked_at).is_(None), col(Login.expires_at) > utc_now())",
        "(col(Login.expires_at) > utc_now(),)",
        f"{TOKENS}::test_logout_ends_login_at_once_and_no_other",
    ),
    Protection(
        "accounts that are not active are refused",
        "api/auth/logins.py",
        ", col(User.is_active))",
        ")",
        f"{TOKENS}::test_account_that_is_not_active_is_refused_like_unknown_one",
    ),
    Protection(
        "tokens are good for one purpose",
        "api/auth/tokens.py",
        "        audience=purpose,\n",
        "        audience=[*Purpose],\n",
        f"{TOKENS}::test_forged_tokens_are_refused",
    ),
    Protection(
        "the cookie is not read for other origins",
        "api/auth/access.py",
        'connection.cookies.get(COOKIE, "") if is_own else ""',
        'connection.cookies.get(COOKIE, "")',
        f"{TOKENS}::test_cookie_is_read_for_own_pages_only",
    ),
    Protection(
        "roles are looked at",
        "api/auth/access.py",
        "if role is not None and role.contains(needed):",
        "if role is not None:",
        f"{PERMISSIONS}::test_every_route_answers_each_caller_as_its_row_says",
    ),
    Protection(
        "private sites are hidden",
        "api/auth/access.py",
        "return Role.VIEWER if site.visibility == Visibility.PUBLIC else None",
        "return Role.VIEWER",
        f"{PERMISSIONS}::test_every_route_answers_each_caller_as_its_row_says",
    ),
    Protection(
        "write models take no other fields",
        "api/administration/keys.py",
        'model_config = ConfigDict(extra="forbid")',
        'model_config = ConfigDict(extra="ignore")',
        f"{PERMISSIONS}::test_no_write_model_takes_fields_that_it_does_not_declare",
    ),
    Protection(
        "the nonce of an ID token is compared",
        "api/auth/oidc/id_token.py",
        ' and is_same(claims["nonce"], nonce):',
        ":",
        f"{OIDC}::test_forged_id_token_is_refused_and_recorded",
    ),
    Protection(
        "an ID token is for this client",
        "api/auth/oidc/id_token.py",
        '        options={"require": REQUIRED,',
        '        options={"verify_aud": False, "require": REQUIRED,',
        f"{OIDC}::test_forged_id_token_is_refused_and_recorded",
    ),
    Protection(
        "an ID token is of its issuer",
        "api/auth/oidc/id_token.py",
        "        issuer=provider.settings.issuer,\n",
        "",
        f"{OIDC}::test_forged_id_token_is_refused_and_recorded",
    ),
    Protection(
        "an ID token for several clients is refused",
        "api/auth/oidc/id_token.py",
        "if is_for(claims, provider.settings.client_id) and",
        "if",
        f"{OIDC}::test_forged_id_token_is_refused_and_recorded",
    ),
    Protection(
        "the signature of an ID token is verified",
        "api/auth/oidc/id_token.py",
        '        options={"require": REQUIRED,',
        '        options={"verify_signature": False, "require": REQUIRED,',
        f"{OIDC}::test_forged_id_token_is_refused_and_recorded",
    ),
    Protection(
        "a provider's answer belongs to its flow",
        "api/auth/oidc/flow.py",
        "not returned.code or not is_same(returned.state, flow.state)",
        "not returned.code",
        f"{OIDC}::test_answer_that_belongs_to_another_flow_is_refused",
    ),
    Protection(
        "a provider's answer names the provider",
        "api/auth/oidc/flow.py",
        "if is_named and returned.iss != metadata.issuer:",
        "if False:",
        f"{OIDC}::test_answer_that_belongs_to_another_flow_is_refused",
    ),
    Protection(
        "a provider is linked by the login that asked",
        "api/auth/oidc/sign_in.py",
        "caller.login is None or str(caller.login.id) != flow.login",
        "caller.login is None",
        f"{OIDC}::test_link_needs_the_login_that_asked_for_it",
    ),
    Protection(
        "an account is made for a verified address only",
        "api/auth/oidc/identities.py",
        "if not proven.is_verified:",
        "if False:",
        f"{OIDC}::test_account_is_made_for_verified_address_only",
    ),
    Protection(
        "an invitation is needed to make an account by a provider",
        "api/auth/oidc/identities.py",
        "if not await has_invitation(",
        "if False and not await has_invitation(",
        f"{OIDC}::test_registration_decides_whether_account_is_made",
    ),
    Protection(
        "a second factor is asked after a provider",
        "dashboard/provider_login.py",
        "if user.totp_since is not None:",
        "if False:",
        f"{OIDC}::test_second_factor_is_asked_after_provider",
    ),
    Protection(
        "redirects of a provider are not followed",
        "api/auth/oidc/provider.py",
        "verify=self.context, trust_env=False,",
        "verify=self.context, trust_env=False, follow_redirects=True,",
        f"{OIDC}::test_provider_that_answers_wrongly_is_away",
    ),
)


def copy_of_repository(folder: Path) -> Path:
    """A copy of what the tests need, with the same virtual environment."""
    copied = folder / "repository"
    left_out = shutil.ignore_patterns(".git", ".venv", "node_modules", ".data", "__pycache__")
    shutil.copytree(ROOT, copied, ignore=left_out, symlinks=True)
    (copied / ".venv").symlink_to(Path(sys.prefix))
    return copied


def fails_without(protection: Protection, copied: Path) -> bool:
    """Whether the test fails, by an assertion, when the protection is switched off."""
    file = copied / "src" / protection.file
    text = file.read_text()
    assert text.count(protection.line) == 1, f"{protection.name}: its line is not there once"
    file.write_text(text.replace(protection.line, protection.without))
    command = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "plain")
    try:
        ran = subprocess.run(
            [*command, protection.test], cwd=copied, capture_output=True, text=True
        )
    finally:
        file.write_text(text)
    return ran.returncode == 1 and "\nFAILED " in ran.stdout and "ERROR " not in ran.stdout


def main(names: list[str]) -> int:
    """Tries all protections, or those whose names contain one of these words."""
    chosen = [one for one in PROTECTIONS if not names or any(name in one.name for name in names)]
    held = 0
    with TemporaryDirectory(prefix="mutations-") as folder:
        copied = copy_of_repository(Path(folder))
        for protection in chosen:
            is_held = fails_without(protection, copied)
            held += is_held
            outcome = "fails" if is_held else "PASSES"
            print(f"| {protection.name} | `{protection.test}` | {outcome} |", flush=True)
    print(f"{held} of {len(chosen)} protections are held by their tests")
    return 0 if held == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
