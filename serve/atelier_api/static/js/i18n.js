/** The page's language and its labels, which the server keeps in one place for both languages. */

const root = document.documentElement;

export const language = root.lang;
export const locale = language === "en" ? "en-GB" : "fr-FR";

const reply = await fetch(root.dataset.labels);
const labels = await reply.json();
const plurals = new Intl.PluralRules(locale);

/**
 * Return a label, its {names} replaced by values.
 * A count `n` chooses between `key.one` and `key.other`, as the language does.
 */
export function t(key, values = {}) {
    let text = labels[key];
    if (text === undefined && "n" in values) {
        text = labels[`${key}.${plurals.select(Math.abs(values.n))}`] ?? labels[`${key}.other`];
    }
    if (text === undefined) {
        throw new Error(`no label ${key} in ${language}`);
    }
    return text.replace(/\{(\w+)\}/g, (_, name) => {
        const value = values[`${name}Text`] ?? values[name];
        if (value === undefined) {
            throw new Error(`label ${key} wants a value for ${name}`);
        }
        return String(value);
    });
}
