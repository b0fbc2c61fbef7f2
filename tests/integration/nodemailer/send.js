// Sends one message with nodemailer: `node send.js` reads on stdin, as JSON, its transport and its message. What went
// wrong goes to stderr, with the server's own words.
"use strict";

const nodemailer = require("nodemailer");

async function main() {
    const { transport, message } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const info = await nodemailer.createTransport(transport).sendMail(message);
    console.log(info.response);
}

main().catch((error) => {
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = 1;
});
