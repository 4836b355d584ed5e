// The band of the training program.
#ifndef TIRKEU_BAND_H
#define TIRKEU_BAND_H

#include <gtk/gtk.h>

// What the band says and how high it is, in pixels; set before the window is made. markup is Pango's.
void tirkeu_band_says(const char *markup, const char *plain, int height_px);

// Puts the band above the web view once that has its place. The program ends where it cannot: no screen may be shown without it.
void tirkeu_band_over(GtkWidget *view);

#endif
