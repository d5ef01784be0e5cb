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
SOCKETS = "tests/api/realtime/test_sockets.py"
ALERTS = "tests/api/alerts/test_alert_rules.py"
ARCHIVES = "tests/archives/test_archives.py"
AT_ONCE = "tests/api/test_changes_at_once.py"
EMAIL_REPORTS = "tests/api/email_reports/test_email_reports.py"
WEBHOOKS = "tests/api/submitted/test_webhooks.py"
EXPORT_FILES = "tests/importing/test_export_files.py"
LIVE_NOTIFICATIONS = "tests/api/notifications/test_live_notifications.py"
NOTIFICATIONS = "tests/api/notifications/test_notifications.py"
SITE_CONDITIONS = "tests/api/analytics/test_site_conditions.py"


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
        "filters of share links hold for what is compared with",
        "api/analytics/shared.py",
        "params.compare is Compare.SEGMENT",
        "False",
        f"{SHARES}::test_link_with_filters_is_compared_with_its_own_visits_only",
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
        "a refresh token that is used twice ends its login",
        "api/auth/logins.py",
        "await end_reused(session, login_id, device)",
        "pass",
        f"{TOKENS}::test_refresh_token_that_is_used_many_times_at_once_leaves_no_login",
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
    Protection(
        "WebSockets of an account are limited",
        "api/auth/sockets.py",
        "if owner and self.opened[owner] >= MOST_SOCKETS:",
        "if False:",
        f"{SOCKETS}::test_account_has_so_many_sockets_wherever_it_is",
    ),
    Protection(
        "a WebSocket is closed when its login ends",
        "api/realtime/routing.py",
        "while await site_for(socket, name):",
        "while True:",
        f"{SOCKETS}::test_socket_is_closed_when_its_login_ends",
    ),
    Protection(
        "questions name their site",
        "api/analytics/reports/bots.sql",
        "where site_id = :site and time >= :lower",
        "where time >= :lower",
        f"{SITE_CONDITIONS}::test_every_question_names_site_wherever_it_reads_rows_of_sites",
    ),
    Protection(
        "values of filters are bound",
        "api/analytics/vocabulary/conditions.py",
        'any(:values_{number}::text[])"',
        "any(array['{comparison.values[0]}'])\"",
        "tests/api/test_injection.py::test_sql_in_parameter_is_not_run",
    ),
    Protection(
        "alert rules of other sites are unknown",
        "api/alerts/store.py",
        "if found is None or found.site_id != site.id:",
        "if found is None:",
        f"{ALERTS}::TestRefusals::test_rule_of_another_site_is_unknown",
    ),
    Protection(
        "webhooks of alert rules are checked",
        "api/alerts/routing.py",
        "await receivers.check(new.webhook.url)",
        "pass",
        f"{ALERTS}::TestRefusals::test_rule_that_makes_no_sense_is_refused_with_all_that_is_wrong",
    ),
    Protection(
        "alert rules send e-mail to members",
        "api/alerts/store.py",
        "if account not in readers",
        "if False",
        f"{ALERTS}::TestRefusals::test_account_that_is_no_member_gets_no_e_mail",
    ),
    Protection(
        "former members get no e-mail of alert rules",
        "api/alerts/sql/claim_deliveries.sql",
        "where m.user_id = app_user.id and m.site_id = r.site_id",
        "where m.site_id = r.site_id",
        f"{ALERTS}::TestDelivery::test_members_get_e_mail_as_long_as_they_are_members",
    ),
    Protection(
        "line breaks end in no header",
        "api/mail.py",
        '" ".join(subject.split())',
        "subject",
        f"{ALERTS}::TestDelivery::test_members_get_e_mail_as_long_as_they_are_members",
    ),
    Protection(
        "e-mail reports go to members",
        "api/email_reports/routing.py",
        "if not is_member and not caller.account.is_superuser:",
        "if False:",
        f"{EMAIL_REPORTS}::TestRefusals::test_address_of_others_takes_superuser",
    ),
    Protection(
        "former members get no e-mail reports",
        "api/email_reports/sql/claim_messages.sql",
        "and u.is_active and m.site_id = r.site_id",
        "and u.is_active",
        f"{EMAIL_REPORTS}::TestOnce::test_address_of_former_member_gets_nothing",
    ),
    Protection(
        "e-mail reports of other sites are unknown",
        "api/email_reports/store.py",
        "if found is None or found.site_id != site.id:",
        "if found is None:",
        f"{EMAIL_REPORTS}::TestRefusals::test_subscription_of_another_site_is_unknown",
    ),
    Protection(
        "e-mail reports are ended by their token",
        "api/email_reports/store.py",
        "if found is None or not is_token(secrets, found[0], token):",
        "if found is None:",
        f"{EMAIL_REPORTS}::TestUnsubscribing::test_link_and_one_click_end_the_reports_for_good",
    ),
    Protection(
        "values of visitors stay in their line of an e-mail",
        "api/email_reports/content.py",
        '" ".join((value or "").split())',
        '(value or "")',
        f"{EMAIL_REPORTS}::TestContent::test_values_of_visitors_are_one_short_line_of_text",
    ),
    Protection(
        "values of visitors stay text in an e-mail",
        "api/email_reports/content.py",
        "autoescape=True",
        "autoescape=False",
        f"{EMAIL_REPORTS}::TestContent::test_names_that_look_like_markup_stay_text",
    ),
    Protection(
        "notifications of others are not shown",
        "api/notifications/sql/list.sql",
        "where notification.user_id = :user",
        "where :user::bigint is not null",
        f"{NOTIFICATIONS}::test_notifications_of_others_are_neither_shown_nor_marked",
    ),
    Protection(
        "notifications of others are not marked",
        "api/notifications/sql/mark_read.sql",
        "where user_id = :user and read_at is null",
        "where read_at is null",
        f"{NOTIFICATIONS}::test_notifications_of_others_are_neither_shown_nor_marked",
    ),
    Protection(
        "notifications by WebSocket take a login",
        "api/notifications/routing.py",
        "return await logged_in_caller(await caller_of_socket(socket))",
        "return await caller_of_socket(socket)",
        f"{LIVE_NOTIFICATIONS}::test_handshake_without_login_is_refused",
    ),
    Protection(
        "pages of other origins open no WebSocket",
        "api/auth/sockets.py",
        "if not same_origin(socket):",
        "if False:",
        f"{LIVE_NOTIFICATIONS}::test_handshake_of_page_of_other_origin_is_refused",
    ),
    Protection(
        "background jobs are for superusers",
        "api/background_jobs.py",
        "dependencies=[Depends(superuser)],",
        "",
        f"{PERMISSIONS}::test_every_route_answers_each_caller_as_its_row_says",
    ),
    Protection(
        "limits are counted by one request at a time",
        "api/alerts/store.py",
        "select(Site.id).where(Site.id == site.id).with_for_update(key_share=True)",
        "select(Site.id).where(Site.id == site.id)",
        f"{AT_ONCE}::test_requests_at_once_make_no_more_than_allowed",
    ),
    Protection(
        "changes are made by one request at a time",
        "api/analytics/segments/store.py",
        ', with_for_update={"key_share": True}',
        "",
        f"{AT_ONCE}::test_change_brings_nothing_back_that_is_deleted_meanwhile",
    ),
    Protection(
        "columns of archives are known ones",
        "archives/rows.py",
        "if unknown := [column for column in part.columns if column not in known]:",
        "if unknown := [column for column in part.columns if column in ()]:",
        f"{ARCHIVES}::test_damaged_archives_are_refused_and_leave_no_site",
    ),
    Protection(
        "rows of archives are of a time that is stored",
        "archives/rows.py",
        "if not all(OLDEST_IMPORT <= time <= latest for time in times):",
        "if not latest:",
        f"{ARCHIVES}::test_damaged_archives_are_refused_and_leave_no_site",
    ),
    Protection(
        "archives have as many rows as they say",
        "archives/reading.py",
        "if count != part.rows:",
        "if False:",
        f"{ARCHIVES}::test_damaged_archives_are_refused_and_leave_no_site",
    ),
    Protection(
        "archives are read by their owner only",
        "archives/export.py",
        'open(draft, "xb", opener=private_file)',
        'open(draft, "xb")',
        f"{ARCHIVES}::test_all_reports_are_the_same_after_export_wipe_and_import",
    ),
    Protection(
        "one archive is imported at a time",
        "archives/load.py",
        "if await cursor.fetchone() != (True,):",
        "if not await cursor.fetchone():",
        f"{ARCHIVES}::test_two_imports_at_once_are_refused",
    ),
    Protection(
        "packed exports are no bombs",
        "importing/products/files.py",
        "if size > FREE_EXPANSION and size > MOST_EXPANSION * packed:",
        "if False:",
        f"{EXPORT_FILES}::test_zip_bomb_is_refused_by_the_sizes_that_it_declares",
    ),
    Protection(
        "entries of exports are bounded",
        "importing/products/json_array.py",
        "if self.left > LONGEST_ENTRY:",
        "if False:",
        f"{EXPORT_FILES}::test_entry_of_array_that_is_too_long_ends_the_reading",
    ),
    Protection(
        "entries of exports are nested a little",
        "importing/products/json_array.py",
        "except RecursionError:",
        "except MemoryError:",
        f"{EXPORT_FILES}::test_array_that_is_nested_deeply_ends_the_reading",
    ),
    Protection(
        "rows of exports are bounded",
        "importing/products/rows.py",
        "            raise csv.Error",
        "            pass",
        f"{EXPORT_FILES}::test_quote_that_is_never_closed_costs_bounded_memory",
    ),
    Protection(
        "manifests of archives have few values",
        "archives/reading.py",
        "if has_too_many_values(given):",
        "if False:",
        f"{ARCHIVES}::test_manifest_with_many_values_is_refused_before_they_are_checked",
    ),
    Protection(
        "databases that were not restored to the end are not used",
        "api/db/migrate.py",
        "        refuse_unfinished(connection)\n",
        "",
        "tests/api/db/test_dump.py"
        "::test_database_is_not_used_while_it_is_restored_or_after_that_failed",
    ),
    Protection(
        "former members see no notifications of a site",
        "api/notifications/sql/readable_part.sql",
        "s.visibility <> 'private'",
        "true",
        f"{NOTIFICATIONS}::test_notifications_of_site_are_hidden_from_former_member",
    ),
    Protection(
        "former members get no results of jobs",
        "api/submitted/routing.py",
        "if not await is_member(database, caller, await sites.by_id(job.site_id)):",
        "if False:",
        "tests/api/submitted/test_jobs.py::TestResult::test_former_member_gets_no_result",
    ),
    Protection(
        "links of old e-mails name no site to former members",
        "api/email_reports/store.py",
        "if report.for_members_only and not await is_member_address(",
        "if False and not await is_member_address(",
        f"{EMAIL_REPORTS}::TestUnsubscribing::test_link_of_former_member_does_not_name_the_site",
    ),
    Protection(
        "answers of receivers are bounded",
        "api/submitted/connections.py",
        "self.left -= len(data)",
        "self.left -= 0",
        f"{WEBHOOKS}::TestDelivery::test_interim_answers_without_number_are_not_read",
    ),
    Protection(
        "receivers of one account do not keep those of others waiting",
        "api/submitted/sql/claim_calls.sql",
        "order by nth, next_call_at",
        "order by next_call_at",
        f"{WEBHOOKS}::TestDelivery"
        "::test_receivers_of_one_account_do_not_keep_those_of_another_waiting",
    ),
    Protection(
        "receivers of one site do not keep those of others waiting",
        "api/alerts/sql/claim_deliveries.sql",
        "order by nth, id",
        "order by id",
        f"{ALERTS}::TestDelivery::test_messages_of_one_site_do_not_keep_those_of_another_waiting",
    ),
    Protection(
        "messages do not wait for name servers of requests",
        "api/submitted/webhooks.py",
        "Receivers(settings.webhook_receivers, lookups)",
        "Receivers(settings.webhook_receivers)",
        f"{WEBHOOKS}::TestReceivers::test_messages_do_not_wait_for_name_servers_of_requests",
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
    # One engine profile is enough; tests of no profile run, too.
    chosen = ("-k", "not timescale")
    command = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
    try:
        ran = subprocess.run(
            [*command, *chosen, protection.test], cwd=copied, capture_output=True, text=True
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
