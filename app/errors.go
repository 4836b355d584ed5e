package app

// Code is an error's number as a citizen tells it at the desk.
type Code string
