// Package engine brings what the kiosk accepted to the centre and what the centre issued back, whatever the line does.
//
// For each application, in this order: the document by REST; one p10cr a key by CMP; polling while staff decide; the check
// of the issued certificate (key, person, profile, chain); certConf; the certificate into storage; and, once the citizen has it on
// his medium, the report. Nothing leaves the outbox before storage holds what came of it, and a message is on disk before it
// leaves the kiosk, so that after a crash or a lost answer the same bytes go out again and the centre gives the same answer.
//
// A revocation goes ahead of all else: its signed document by REST, then one rr a certificate by CMP on the citizen's behalf.
// What the centre refuses for good is not tried again: the application is rejected, and storage keeps the code for the citizen.
//
// What it takes for a verdict: an answer of the centre over mutual TLS in the contract's words, or a CMP message whose protection
// verified. All else (a proxy's page, an unprotected error, a broken connection) only means "again later", with an exponential,
// jittered and bounded delay, and is shown as the line's Problem. While the line is down nothing is written for it and a single
// task tries it; when it is back the rest follows in bounded rounds.
//
// No call to the network is made inside a transaction of storage. Logs carry application numbers and codes, never an IIN, a name
// or a document. The engine never talks to the page: citizens see words from storage.
//
// Line is the same connection for what the program asks directly: the register, staff sessions, the queue, decisions.
package engine
