// Command tirkeu is the kiosk program.
package main

func main() {}
