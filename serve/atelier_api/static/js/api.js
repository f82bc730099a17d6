/** The way to the API: one place for its address, the language, errors and pages of lists. */

import { language, t } from "./i18n.js";

/** A request that was answered by an error, or not at all; `message` is for people. */
export class ApiError extends Error {
    constructor(status, message, { kind = null, requestId = null } = {}) {
        super(message);
        this.status = status;
        this.kind = kind;
        this.requestId = requestId;
    }
}

/** The address of a route with its parameters; empty ones are left out. */
export function address(path, parameters = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) {
        if (value !== null && value !== undefined && value !== "") {
            query.set(name, Array.isArray(value) ? value.join(",") : value);
        }
    }
    const text = query.toString();
    return `/v1/${path}${text ? `?${text}` : ""}`;
}

/**
 * Return what a route answers.
 * Throws ApiError; a session that has ended leads to the log-in page, and from there back to here.
 */
export async function get(path, parameters = {}, signal = undefined) {
    return (await request(address(path, parameters), { signal })).json();
}

/** Return all rows of a list, page after page; at most `most`, so that no mistake loads for minutes. */
export async function all(path, parameters = {}, most = 20_000) {
    const rows = [];
    let cursor = null;
    do {
        const page = await get(path, { limit: 1000, ...parameters, cursor });
        rows.push(...page.data);
        cursor = page.next_cursor;
    } while (cursor && rows.length < most);
    return rows;
}

/** Send a change; the token proves that it comes from a page of ours. */
export async function send(method, path, body) {
    const token = document.querySelector("meta[name=csrf-token]").content;
    const reply = await request(address(path), {
        method,
        headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
        body: JSON.stringify(body),
    });
    return reply.status === 204 ? null : reply.json();
}

async function request(url, options) {
    let reply;
    try {
        reply = await fetch(url, {
            ...options,
            headers: { Accept: "application/json", "Accept-Language": language, ...options.headers },
            credentials: "same-origin",
        });
    } catch (error) {
        if (error.name === "AbortError") {
            throw error;
        }
        throw new ApiError(0, t("error.unreachable"));
    }
    if (reply.ok) {
        return reply;
    }
    const problem = await reply.json().catch(() => ({}));
    const kind = problem.type?.split(":").at(-1) ?? null;
    if (reply.status === 401 && kind !== "wrong-credentials") {
        location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
    throw new ApiError(reply.status, explanation(reply, kind, problem), {
        kind,
        requestId: problem.request_id,
    });
}

const BY_STATUS = { 401: "error.session", 403: "error.forbidden", 404: "error.missing", 429: "error.busy" };
const BY_KIND = {
    "weak-password": "problem.weak-password",
    "marts-not-built": "error.marts",
    "wrong-credentials": "problem.wrong-credentials",
};

function explanation(reply, kind, problem) {
    const key = BY_KIND[kind] ?? BY_STATUS[reply.status] ?? (reply.status >= 500 ? "error.server" : null);
    return key
        ? t(key, { seconds: reply.headers.get("Retry-After") ?? "60" })
        : (problem.detail ?? t("error.server"));
}
