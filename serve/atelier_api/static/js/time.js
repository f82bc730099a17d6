/**
 * The plant's clock. Instants come as ISO 8601 with the plant's offset, so the wall clock is what is written in them:
 * a browser in another time zone shows the plant's time all the same.
 */

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)$/;

/** Offset of an instant from UTC in milliseconds, as it is written in it. */
export function offsetOf(instant) {
    const zone = INSTANT.exec(instant)?.[7] ?? "Z";
    if (zone === "Z") {
        return 0;
    }
    const [hours, minutes] = [zone.slice(1, 3), zone.slice(-2)];
    return (zone[0] === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** The wall clock of an instant, as a Date whose UTC fields are the plant's. */
export function wallClock(instant) {
    return new Date(Date.parse(instant) + offsetOf(instant));
}

/** The plant's date of an instant, `YYYY-MM-DD`. */
export function dateOf(instant) {
    return instant.slice(0, 10);
}

/** Seconds from an instant until now. */
export function secondsSince(instant) {
    return Math.max(0, (Date.now() - Date.parse(instant)) / 1000);
}

/** The date some days later, `YYYY-MM-DD`. */
export function addDays(date, days) {
    const moment = new Date(`${date}T00:00:00Z`);
    moment.setUTCDate(moment.getUTCDate() + days);
    return moment.toISOString().slice(0, 10);
}

/** The ISO week of a date, `2025-W22`. */
export function weekOf(date) {
    const thursday = new Date(`${addDays(date, 3 - weekday(date))}T00:00:00Z`);
    const year = thursday.getUTCFullYear();
    const days = (thursday - Date.UTC(year, 0, 1)) / 86_400_000;
    return `${year}-W${String(Math.floor(days / 7) + 1).padStart(2, "0")}`;
}

/** The Monday of an ISO week, `YYYY-MM-DD`, or null if there is no such week. */
export function mondayOf(week) {
    const parts = /^(\d{4})-W(\d\d)$/.exec(week);
    if (!parts) {
        return null;
    }
    const fourth = `${parts[1]}-01-04`;
    const monday = addDays(addDays(fourth, -weekday(fourth)), (Number(parts[2]) - 1) * 7);
    return weekOf(monday) === week ? monday : null;
}

/** 0 for Monday to 6 for Sunday. */
export function weekday(date) {
    return (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
}
