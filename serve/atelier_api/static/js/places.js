/** Where pages are, and who may what on them. */

export function dayAddress(machine, day) {
    return `/machine/${encodeURIComponent(machine)}/${day}`;
}

export function weekAddress(week) {
    return `/semaine/${week}`;
}

/** Whether this is the wall screen. */
export const isWall = "wall" in document.documentElement.dataset;

/** Whether the page is as narrow as a phone; charts then say less. */
export const isNarrow = matchMedia("(max-width: 48rem)").matches;

/** Whether the person logged in has a permission; the server decides, this only spares them the refusal. */
export function may(permission) {
    return document.documentElement.dataset.permissions.split(" ").includes(permission);
}
