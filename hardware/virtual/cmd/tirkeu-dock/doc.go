// Tirkeu-dock is the table beside a kiosk that has no hardware: it shows which virtual tokens, people, numbers and PINs there are, plugs and pulls
// tokens and the stick, cuts and restores the line to the centre. It is for demonstration and tests only and is no part of a release.
//
// Everything lies in one folder, so that several docks, the line's proxy and the kiosk see the same things. Whatever it is told to do that is
// done already is done again without complaint, so that scripts can be run twice. Exit status: 0 done, 1 failed, 2 wrong usage.
package main
