/**
 * Statuses of orders, which the ERP spells in many ways: `Planifiée`, `PLANIFIÉE`, `Planifiee` are one. The API finds them
 * all under any of the spellings.
 */

import { locale } from "./i18n.js";

const fold = (status) => status.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

/** Return a function from a status as it is spelled to the one name that pages show for it. */
export function statusNames(statuses) {
    const names = new Map();
    for (const status of [...new Set(statuses)].sort()) {
        const name = status.charAt(0).toLocaleUpperCase(locale) + status.slice(1).toLocaleLowerCase(locale);
        const known = names.get(fold(status));
        // The spelling that has kept its accents.
        if (known === undefined || accents(name) > accents(known)) {
            names.set(fold(status), name);
        }
    }
    return (status) => names.get(fold(status)) ?? status;
}

function accents(text) {
    return text.normalize("NFD").length - text.normalize("NFC").length;
}
