/** Numbers, durations and dates as people of the page's language write them. */

import { locale, t } from "./i18n.js";
import { wallClock } from "./time.js";

const NOTHING = "–";
const SPACE = "\u00a0";

const numbers = [0, 1, 2].map(
    (digits) =>
        new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const percents = [0, 1, 2].map(
    (digits) =>
        new Intl.NumberFormat(locale, {
            style: "percent",
            minimumFractionDigits: digits,
            maximumFractionDigits: digits,
        }),
);
const euros = new Intl.NumberFormat(locale, { style: "currency", currency: "EUR" });
const utc = (options) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
const dates = {
    long: utc({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    day: utc({ weekday: "short", day: "numeric", month: "short" }),
    short: utc({ day: "2-digit", month: "2-digit", year: "numeric" }),
    plain: utc({ day: "numeric", month: "long", year: "numeric" }),
    weekday: utc({ weekday: "short" }),
};
const clock = utc({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockSeconds = utc({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

const missing = (value) => value === null || value === undefined;

/** `1 234,5` in French. */
export function number(value, digits = 0) {
    return missing(value) ? NOTHING : numbers[digits].format(value);
}

/** A rate of 0..1: `72,4 %`. */
export function rate(value, digits = 1) {
    return missing(value) ? NOTHING : percents[digits].format(value);
}

/** A difference of rates in points: `+3,2 pts`. */
export function points(difference) {
    return missing(difference) ? NOTHING : t("unit.points", { value: signed(difference * 100, 1) });
}

/** A number that always shows its sign. */
export function signed(value, digits = 0) {
    const text = numbers[digits].format(Math.abs(value));
    const isZero = Number(Math.abs(value).toFixed(digits)) === 0;
    return isZero ? text : `${value < 0 ? "−" : "+"}${text}`;
}

export function euro(value) {
    return missing(value) ? NOTHING : euros.format(value);
}

/** Seconds as people say them: `45 s`, `12 min`, `3 h 05`, `219 h`. */
export function duration(seconds) {
    if (missing(seconds)) {
        return NOTHING;
    }
    const rounded = Math.round(seconds);
    if (rounded < 60) {
        return `${rounded}${SPACE}s`;
    }
    const minutes = Math.round(rounded / 60);
    if (minutes < 60) {
        return `${minutes}${SPACE}min`;
    }
    if (minutes < 24 * 60) {
        return `${Math.floor(minutes / 60)}${SPACE}h${SPACE}${String(minutes % 60).padStart(2, "0")}`;
    }
    return t("unit.hours", { value: number(minutes / 60) });
}

/** How long ago something was; from two days on, in days. */
export function age(seconds) {
    return seconds < 2 * 86_400 ? duration(seconds) : t("unit.days", { n: Math.floor(seconds / 86_400) });
}

/** Seconds to the second, where they are compared: `12 min 05 s`. */
export function exactDuration(seconds) {
    if (missing(seconds)) {
        return NOTHING;
    }
    const rounded = Math.round(seconds);
    const [hours, minutes, rest] = [Math.floor(rounded / 3600), Math.floor(rounded / 60) % 60, rounded % 60];
    const two = (value) => String(value).padStart(2, "0");
    if (hours) {
        return `${hours}${SPACE}h${SPACE}${two(minutes)}${SPACE}min${SPACE}${two(rest)}${SPACE}s`;
    }
    return minutes ? `${minutes}${SPACE}min${SPACE}${two(rest)}${SPACE}s` : `${rest}${SPACE}s`;
}

/** The plant's wall clock of an instant: `14:32`. */
export function time(instant) {
    return missing(instant) ? NOTHING : clock.format(wallClock(instant));
}

export function timeSeconds(instant) {
    return missing(instant) ? NOTHING : clockSeconds.format(wallClock(instant));
}

/** A date, `YYYY-MM-DD`, in one of the styles `long`, `plain`, `day`, `short`, `weekday`. */
export function date(value, style = "short") {
    return missing(value) ? NOTHING : dates[style].format(new Date(`${value}T00:00:00Z`));
}

/** Date and wall clock of an instant; the clock alone on the day named. */
export function moment(instant, today = null) {
    if (missing(instant)) {
        return NOTHING;
    }
    const day = instant.slice(0, 10);
    if (day === today) {
        return time(instant);
    }
    const isThisYear = day.slice(0, 4) === new Date().toISOString().slice(0, 4);
    return `${date(day, isThisYear ? "day" : "short")} ${time(instant)}`;
}

/** Wall clock of a chart's axis, whose values are the plant's wall clock in UTC. */
export function axisTime(milliseconds) {
    return clock.format(new Date(milliseconds));
}

export function axisTimeSeconds(milliseconds) {
    return clockSeconds.format(new Date(milliseconds));
}

export function bytes(value) {
    if (missing(value)) {
        return NOTHING;
    }
    const steps = ["unit.bytes", "unit.kilobytes", "unit.megabytes", "unit.gigabytes"];
    let [size, step] = [value, 0];
    while (size >= 1000 && step < steps.length - 1) {
        size /= 1000;
        step += 1;
    }
    return t(steps[step], { value: number(size, step ? 1 : 0) });
}

/** A text that starts a sentence. */
export function sentence(text) {
    return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}
