// Package terminal joins the rooms into one terminal: it opens state folder, database, tokens, stick and the line to the
// centre, and hands them to app. main, the commands without a window and the integration tests use it.
//
// It decides nothing that a citizen or staff could notice; app does. What it keeps on disk is listed at Folder.
package terminal
