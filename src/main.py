"""Builds the application, and opens what its routes need."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import Depends, FastAPI

from api.administration.alerts import Alerts, alert_forever
from api.administration.keys import router as keys
from api.administration.live_trail import router as live_trail
from api.administration.members_routing import invitations_router as invitations
from api.administration.members_routing import router as members
from api.administration.shares import router as shares
from api.administration.sites_overview import router as sites_overview
from api.administration.sites_routing import router as sites
from api.administration.trail import router as trail
from api.administration.users import router as users
from api.alerts.routing import router as alerts
from api.analytics.annotations.routing import router as annotations
from api.analytics.batch import router as batch
from api.analytics.boards.routing import router as boards
from api.analytics.goals.routing import router as goals
from api.analytics.plausible.routing import router as plausible
from api.analytics.raw.routing import router as raw
from api.analytics.routing import router as analytics
from api.analytics.schema_routing import router as schema
from api.analytics.segments.routing import router as segments
from api.analytics.turns import Turns, turns_of_process
from api.auth.account_routing import router as account
from api.auth.cookie import OwnCookie
from api.auth.factor_routing import router as factor
from api.auth.keys import KeyUses
from api.auth.oidc.provider import providers_of
from api.auth.oidc.routing import router as oidc
from api.auth.routing import router as auth
from api.auth.sockets import Sockets
from api.auth.tries import LOGIN_SECONDS, LoginTries
from api.background_jobs import router as background_jobs
from api.body_limit import BodyLimit
from api.compression import Compression
from api.db.database import REPORT_SECONDS, Database
from api.db.scheduler import run_forever
from api.email_reports.routing import router as email_reports
from api.events.admin_routing import router as events_admin
from api.events.enrich.event import warm_up
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Salts
from api.events.ingest import Ingest
from api.events.receive.rate_limits import Limits
from api.events.rejected.store import rejected_queue
from api.events.routing import FastLane
from api.events.routing import pixel_router as pixel
from api.events.routing import router as events
from api.events.write.writer import Writer, event_queue
from api.health import readiness
from api.health import router as health
from api.jobs import MESSAGES_LOCK, jobs_for, messaging_jobs
from api.limits import TokenBuckets, share
from api.logs import configure_logs
from api.notifications.hub import Inboxes
from api.notifications.routing import router as notifications
from api.openapi import DescribedApi, description
from api.origins import CommonHeaders, KnownHosts, OtherOrigins, hosts_of
from api.paths import UniformPaths
from api.proxies import TrustedProxies
from api.realtime.hub import Hub
from api.realtime.routing import router as realtime
from api.refusals import add_error_handlers
from api.retirement import RetirementHeaders
from api.sites.directory import Sites
from api.sql_access.routing import router as sql_access
from api.submitted.routing import router as submitted
from api.submitted.runner import Runner, answer_forever
from api.submitted.webhooks import call_forever, webhooks_of
from api.validation import check_request
from api.version import router as version
from dashboard.api_docs import router as api_docs
from dashboard.pages import VIEW_PAGES
from dashboard.provider_login import router as provider_login
from dashboard.routing import STATIC
from dashboard.routing import router as dashboard
from dashboard.share import router as share_page
from dashboard.unsubscribe import router as unsubscribe
from importing.products.routing import router as imports
from settings import Settings, networks_in
from tracker.routing import router as tracker

REGISTRATION_SECONDS = 60 * 60.0


def build_app(settings: Settings | None = None) -> FastAPI:
    """The application, with these settings or those of the environment."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue]
    app = DescribedApi(
        **description(settings),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Requests contain personal data; and telemetry costs time for every request.
        telemetry={"tracing": False, "metrics": False},
    )
    app.state.settings = settings
    app.state.view_pages = VIEW_PAGES
    add_error_handlers(app)
    # Raw data before events: /api/events/raw is no event with the id "raw". So with jobs.
    routers = (
        *(auth, account, factor, oidc),
        *(trail, live_trail, users, sites, sites_overview),
        *(members, invitations, keys, shares),
        *(raw, events, events_admin),
        *(schema, analytics, batch, plausible, goals, segments, boards, annotations),
        *(background_jobs, submitted, realtime, notifications, alerts, email_reports),
        *(sql_access, imports, version),
    )
    for router in routers:
        app.include_router(router, dependencies=[Depends(check_request)])
    pages = (dashboard, api_docs) if settings.docs == "open" else (dashboard,)
    for router in (pixel, tracker, share_page, unsubscribe, provider_login, *pages, health):
        app.include_router(router)
    app.mount("/static", STATIC, name="static")
    app.add_middleware(RetirementHeaders)
    app.add_middleware(Compression)
    app.add_middleware(OwnCookie)
    app.add_middleware(BodyLimit)
    app.add_middleware(UniformPaths)
    app.add_middleware(OtherOrigins, origins=settings.origins)
    app.add_middleware(KnownHosts, hosts=hosts_of(settings))
    app.add_middleware(FastLane)
    app.add_middleware(TrustedProxies, networks=networks_in(settings.trusted_proxies))
    app.add_middleware(CommonHeaders)
    return app


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Opens what the routes need, in order, and closes it in the reverse order."""
    settings: Settings = app.state.settings
    configure_logs(settings.log_format)
    warm_up()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(settings.database_url, answer_seconds=settings.answer_within_seconds)
        )
        app.state.database = database
        app.state.readiness = await stack.enter_async_context(readiness(database, settings))
        app.state.turns = Turns(turns_of_process(settings.workers), REPORT_SECONDS)
        app.state.sites = Sites(database)
        app.state.login_tries = LoginTries(settings.login_tries, settings.workers)
        registrations = share(settings.registrations, settings.workers)
        app.state.registrations = TokenBuckets("address", registrations, REGISTRATION_SECONDS)
        app.state.providers = providers_of(settings)
        app.state.key_uses = KeyUses(database)
        stack.push_async_callback(app.state.key_uses.drain)
        tries = share(settings.login_tries, settings.workers)
        app.state.share_tries = TokenBuckets("share", tries, LOGIN_SECONDS)
        writer = Writer(database)
        app.state.ingest = Ingest(
            database=database,
            sites=app.state.sites,
            salts=Salts(database),
            limits=Limits(settings),
            geo=GeoLocator(settings.geoip_db, settings.country_header or None),
            writer=writer,
            rejected=await stack.enter_async_context(rejected_queue(database, settings)),
            queue=await stack.enter_async_context(event_queue(writer)),
        )
        app.state.hub = await stack.enter_async_context(Hub(database))
        app.state.sockets = Sockets()
        app.state.inboxes = await stack.enter_async_context(Inboxes(database))
        webhooks = webhooks_of(settings)
        jobs = jobs_for(database.engine, settings)
        messaging = messaging_jobs(database, settings, webhooks)
        app.state.jobs = (*jobs, *messaging)
        if settings.jobs:
            for work in (
                run_forever(database, jobs),
                run_forever(database, messaging, MESSAGES_LOCK),
                answer_forever(database, Runner(database)),
                call_forever(database, webhooks),
            ):
                stack.callback(asyncio.create_task(work).cancel)
            if settings.alert_webhook:
                alerting = alert_forever(database, Alerts(settings, webhooks))
                stack.callback(asyncio.create_task(alerting).cancel)
        freeze_startup_objects()
        yield


def freeze_startup_objects() -> None:
    """Excludes the objects of the start from garbage collection. Scanning the tables of user agents
    and sources each time made requests wait a tenth of a second."""
    gc.collect()
    gc.freeze()
