<?php
/**
 * Plugin Name: Visitlog
 * Description: Counts page views with a web analytics service of your own, without cookies.
 * Version: 0.1.0
 * License: MIT
 */

defined('ABSPATH') || exit;

/** Whether the visitor of this page is counted: not those who write it. */
function visitlog_counts(): bool {
    return defined('VISITLOG_URL') && !is_preview() && !current_user_can('edit_posts');
}

/** Prints the element that includes the tracker. */
function visitlog_print_script(): void {
    if (!visitlog_counts()) {
        return;
    }
    printf(
        '<script defer src="%s" data-site="%s"></script>' . "\n",
        esc_url(rtrim(VISITLOG_URL, '/') . '/script-more.js'),
        esc_attr(defined('VISITLOG_SITE') ? VISITLOG_SITE : '')
    );
}

add_action('wp_head', 'visitlog_print_script');
