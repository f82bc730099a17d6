/**
 * Elements from data. Texts only ever become text nodes and attributes: names from servers and files are hostile, and the
 * content security policy forbids inline styles as well as scripts.
 */

const SVG = "http://www.w3.org/2000/svg";

/** Return an element; attributes that are null or false are left out, `on…` are listeners. */
export function h(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) {
            element.addEventListener(name.slice(2), value);
        } else if (value === true) {
            element.setAttribute(name, "");
        } else if (value !== null && value !== undefined && value !== false) {
            element.setAttribute(name, value);
        }
    }
    element.append(
        ...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false),
    );
    return element;
}

function svg(tag, attributes, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** An icon of the sprite; decorative, so that its meaning must stand beside it as text. */
export function icon(name) {
    const sprite = document.documentElement.dataset.icons;
    return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `${sprite}#${name}` }));
}

export function replace(element, ...children) {
    element.replaceChildren(...children.flat(2).filter(Boolean));
    return element;
}

/** Put a sentence into the page's live region, so that a screen reader says it. */
export function announce(text) {
    document.getElementById("announcer").textContent = text;
}
