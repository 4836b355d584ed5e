// Package report makes what is printed and saved: the report on a citizen's certificates, staff's report of a day, and the receipt of an application, as
// PDF; the report of a day as a table for spreadsheets too.
//
// It knows layout alone. Every word and value comes ready from the caller, in the language of the reader; long Kazakh and Russian words wrap, a table goes
// on over pages under a repeated head, and a character that the font lacks becomes a question mark. The text of a PDF can be selected, searched and read
// aloud. The same input gives the same bytes: no clock is read and nothing is drawn by chance.
//
// Only KeysReport has places for a person. A receipt lies in bins and on desks: it has a number, and no place for a name or an IIN; the report of a day
// names staff and numbers of applications. What a file says of itself (title, language, time) holds nothing else. Nothing here writes a file or a log.
package report
