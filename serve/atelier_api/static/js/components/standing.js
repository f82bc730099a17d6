/** What a machine does now, as far as its log can tell: its state, or that it is silent, or that its day is over. */

/** A machine that cuts writes several lines a minute; half an hour without one is no long bar. */
const SILENT_SECONDS = 30 * 60;
/** A day that was this much of the usual one has ended, not broken off. Shifts differ from machine to machine. */
const WHOLE_DAY = 0.85;

/** `sessions` are those of the day and of the days before; returns a state, `silent` or `over`. */
export function standing(machine, day, sessions) {
    const own = sessions.filter((session) => session.machine_id === machine.machine_id);
    const current = own.find((session) => session.production_date === day);
    if (!current) {
        return "silent";
    }
    const usual = median(own.filter((session) => session.production_date < day).map(length));
    const isSilent = machine.silent_seconds > SILENT_SECONDS;
    // A day ends with a stop; what stops so late is not an alarm.
    if ((isSilent || machine.state === "stopped") && usual !== null && length(current) >= WHOLE_DAY * usual) {
        return "over";
    }
    return isSilent ? "silent" : (machine.state ?? "silent");
}

function length(session) {
    return (Date.parse(session.last_event_at) - Date.parse(session.first_event_at)) / 1000;
}

function median(values) {
    const sorted = [...values].sort((one, other) => one - other);
    return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
}
