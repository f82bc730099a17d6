/** Fields that choose what a list shows. They stand in the address, so that what is seen can be sent to somebody. */

import { h } from "../dom.js";
import { t } from "../i18n.js";

/** Long enough to type a word, short enough not to wait. */
const TYPING_MILLISECONDS = 300;

/**
 * Return {element, values}. A field is {name, label, type: "search" | "date" | "select", options?, wide?}; `change` is called
 * with the values whenever one has changed.
 */
export function filterBar(fields, change, extra = null) {
    const values = read(fields);
    let timer = null;

    function set(name, value, isTyped) {
        values[name] = value;
        write(values);
        clearTimeout(timer);
        timer = setTimeout(() => change(values), isTyped ? TYPING_MILLISECONDS : 0);
    }

    const inputs = fields.map((field) => {
        const id = `filter-${field.name}`;
        return h(
            "div",
            { class: field.wide ? "field field--wide" : "field" },
            h("label", { class: "field__label", for: id }, field.label),
            field.type === "select" ? select(field, id, values, set) : input(field, id, values, set),
        );
    });
    const clear = h(
        "button",
        {
            class: "button",
            type: "button",
            onclick: () => {
                for (const field of fields) {
                    document.getElementById(`filter-${field.name}`).value = "";
                    values[field.name] = "";
                }
                write(values);
                change(values);
            },
        },
        t("filter.clear"),
    );
    return {
        element: h(
            "form",
            { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
            inputs,
            clear,
            extra,
        ),
        values,
    };
}

function select(field, id, values, set) {
    return h(
        "select",
        { class: "input", id, onchange: (event) => set(field.name, event.target.value, false) },
        [{ value: "", label: t("filter.all") }, ...field.options].map(({ value, label }) =>
            h("option", { value, selected: values[field.name] === value }, label),
        ),
    );
}

function input(field, id, values, set) {
    const isText = field.type === "search";
    return h("input", {
        class: "input",
        id,
        type: field.type,
        value: values[field.name],
        placeholder: field.placeholder ?? null,
        maxlength: isText ? 100 : null,
        autocomplete: "off",
        oninput: (event) => set(field.name, event.target.value.trim(), isText),
    });
}

function read(fields) {
    const query = new URL(location.href).searchParams;
    return Object.fromEntries(fields.map(({ name }) => [name, query.get(name) ?? ""]));
}

function write(values) {
    const here = new URL(location.href);
    for (const [name, value] of Object.entries(values)) {
        if (value) {
            here.searchParams.set(name, value);
        } else {
            here.searchParams.delete(name);
        }
    }
    history.replaceState(null, "", here);
}
