// Package printer prints on the printers that CUPS has on this machine, driverless ones among them, by speaking IPP (RFC 8010, RFC 8011) to it: it lists
// them and says how they are, hands a PDF over, follows the job to its end and cancels it. Where there is no CUPS there is no printer, which is no failure.
//
// A document is printed once at most. A job is made first, empty, and gets its document in one go: if an answer is lost, nothing is sent a second time, but
// CUPS is asked what became of the job; where it has not got the document whole the job is cancelled, and only what CUPS then says of it is told. "Unknown"
// is told where it cannot say. A job that nobody waits for any more (the program died) is dropped by CUPS when Document.Within has passed. What CUPS itself
// repeats after a failing printer is its queue's printer-error-policy: abort-job is the one for a kiosk.
//
// CUPS keeps documents for a day after they were printed (PreserveJobFiles); they can hold a name and an IIN, so a job is removed from it when it has ended.
// Titles of jobs are in CUPS's logs: they must say nothing of a person.
//
// CUPS is reached at its socket, or at what CUPS_SERVER names; no password and no TLS is used, so that a print server elsewhere is out of reach on purpose.
package printer
