/** Mon compte: the password is changed by the API, like by any other program. */

import { ApiError, send } from "../api.js";
import { t } from "../i18n.js";

const form = document.getElementById("password-form");
const message = document.getElementById("password-message");

function say(text, isError) {
    message.hidden = false;
    message.textContent = text;
    message.className = isError ? "notice notice--error" : "notice";
}

form.querySelector("button[type=submit]").disabled = false;

form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { current, password, again } = form.elements;
    if (password.value !== again.value) {
        say(t("account.differ"), true);
        again.focus();
        return;
    }
    try {
        await send("POST", "me/password", { current_password: current.value, new_password: password.value });
        form.reset();
        say(t("account.changed"), false);
    } catch (error) {
        if (!(error instanceof ApiError)) {
            throw error;
        }
        say(error.kind === "wrong-credentials" ? t("account.wrong") : error.message, true);
    }
});
