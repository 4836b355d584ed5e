package block

// Events is udev's word alone, without the regular look.
var Events = events
