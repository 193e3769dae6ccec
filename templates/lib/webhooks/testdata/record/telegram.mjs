// Telegram sends a token and does not sign. grammY, a framework that Telegram
// lists, checks it.
import { Bot, webhookCallback } from "grammy";
import { check, now, record, sdk } from "./record.mjs";

const secret = "A-Za-z0-9_-_token_of_setWebhook";
const bot = new Bot("1:unused", { botInfo: { id: 1, is_bot: true, first_name: "Bot", username: "bot" } });
const handle = webhookCallback(bot, "std/http", { secretToken: secret });

const delivery = async (name, update) => {
  const request = {
    body: JSON.stringify(update),
    headers: { "Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret },
  };
  const response = await handle(new Request("https://example.com/webhook", { method: "POST", ...request }));
  check(name, response.status === 200);
  return { name, ...request, secret, time: now, id: String(update.update_id), unsignedBody: true };
};

const message = { message_id: 1, from: { id: 2, is_bot: false, first_name: "Zoë" }, chat: { id: 2, type: "private" }, date: now };
record(`the token, accepted by ${sdk("grammy")}`, [
  await delivery("message", { update_id: 10000, message: { ...message, text: "/start" } }),
  await delivery("edited message", { update_id: 10001, edited_message: { ...message, edit_date: now, text: "🎉" } }),
]);
