/** What every page does: load, draw, say so when it fails, and on the wall do it again each minute. */

import { ApiError, get } from "./api.js";
import { dispose } from "./charts/chart.js";
import { failed, loading } from "./components/notice.js";
import { announce, h, replace } from "./dom.js";
import { moment } from "./format.js";
import { t } from "./i18n.js";
import { isWall } from "./places.js";
import { dateOf, secondsSince } from "./time.js";

const REFRESH_SECONDS = 60;
/** Logs are read every 15 minutes; twice that, and a run was missed. */
export const LATE_SECONDS = 30 * 60;

const content = document.getElementById("content");

/**
 * Run a page: `load` returns its data, `draw` its elements.
 * Returns a function that loads and draws again.
 */
export function run(load, draw) {
    let begun = 0;
    let ended = 0;
    /** Whether a refresh that began later has ended before this one, whose answers are older than what is shown. */
    function isOutdated(number) {
        if (number < ended) {
            return true;
        }
        ended = number;
        return false;
    }
    async function refresh({ quiet = false } = {}) {
        begun += 1;
        const number = begun;
        if (!quiet) {
            replace(content, loading());
        }
        try {
            const [data, freshness] = await Promise.all([load(), get("freshness")]);
            if (isOutdated(number)) {
                return;
            }
            replace(content, draw(data));
            showFreshness(freshness.data);
            if (!quiet) {
                announce(t("notice.loaded"));
            }
            document.documentElement.dataset.ready = "";
        } catch (error) {
            if (error.name === "AbortError" || isOutdated(number)) {
                return;
            }
            if (quiet) {
                // What was known a minute ago is worth more on the wall than that it is not known now.
                showLost();
                if (!(error instanceof ApiError)) {
                    console.error(error);
                }
                return;
            }
            replace(
                content,
                failed(error, () => refresh()),
            );
        } finally {
            dispose();
        }
    }
    refresh();
    if (isWall) {
        setInterval(() => refresh({ quiet: true }), REFRESH_SECONDS * 1000);
        showClock();
    }
    return refresh;
}

/** In the bar of every page: up to when the machines' logs are complete. */
function showFreshness(sources) {
    const place = document.getElementById("freshness");
    const logs = sources.find((source) => source.source === "ftplogs");
    place.hidden = false;
    if (!logs?.complete_until) {
        place.textContent = t("freshness.never");
        place.dataset.level = "late";
        return;
    }
    const seconds = secondsSince(logs.complete_until);
    const today = seconds < 12 * 3600 ? dateOf(logs.complete_until) : null;
    replace(
        place,
        h("span", { class: "freshness__label" }, t("freshness.until")),
        h("span", {}, moment(logs.complete_until, today)),
    );
    place.dataset.level = seconds > LATE_SECONDS ? "late" : "fine";
}

function showLost() {
    const place = document.getElementById("freshness");
    place.hidden = false;
    place.textContent = t("freshness.lost");
    place.dataset.level = "late";
}

function showClock() {
    const place = document.getElementById("wall-clock");
    const zone = document.documentElement.dataset.timezone;
    const parts = new Intl.DateTimeFormat("fr-FR", { hour: "2-digit", minute: "2-digit", timeZone: zone });
    const tick = () => {
        place.textContent = parts.format(new Date());
    };
    tick();
    setInterval(tick, 5000);
}
