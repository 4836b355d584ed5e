//go:build linux && cgo && production && training

#include "band_training.h"

static char *says_markup, *says_plain;
static int height_px;

void tirkeu_band_says(const char *markup, const char *plain, int px) {
	says_markup = g_strdup(markup);
	says_plain = g_strdup(plain);
	height_px = px;
}

// The band is a part of the window beside the page, not of the page: whatever the page shows, covers or loses, the band stands, and the page
// keeps the rest of the glass for itself. It is no control: it takes neither focus nor taps.
static void on_placed(GtkWidget *view, GtkWidget *before, gpointer data) {
	(void)before; (void)data;
	GtkWidget *box = gtk_widget_get_parent(view);
	if (!box) return; // taken out when the window ends
	if (!GTK_IS_BOX(box) || !says_markup) g_error("the training program has no place for its band");
	GtkWidget *band = gtk_label_new(NULL);
	gtk_label_set_markup(GTK_LABEL(band), says_markup);
	gtk_widget_set_name(band, "training-band");
	gtk_widget_set_can_focus(band, FALSE);
	atk_object_set_name(gtk_widget_get_accessible(band), says_plain);
	// 10:1 on gold, in the page's own two colours; the dark edge tells it from the page without colour.
	int edge = height_px / 14 + 1, letters = height_px * 6 / 10;
	char *css = g_strdup_printf("#training-band { background: #f1cf7a; color: #12233a; border-bottom: %dpx solid #12233a; padding: 0; min-height: %dpx;"
		" font-family: 'Noto Sans', sans-serif; font-weight: bold; font-size: %dpx; }", edge, height_px - edge, letters);
	GtkCssProvider *style = gtk_css_provider_new();
	gtk_css_provider_load_from_data(style, css, -1, NULL);
	gtk_style_context_add_provider(gtk_widget_get_style_context(band), GTK_STYLE_PROVIDER(style), GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
	g_object_unref(style);
	g_free(css);
	gtk_box_pack_start(GTK_BOX(box), band, FALSE, FALSE, 0);
	gtk_box_reorder_child(GTK_BOX(box), band, 0);
	gtk_widget_show(band);
}

void tirkeu_band_over(GtkWidget *view) { g_signal_connect(view, "parent-set", G_CALLBACK(on_placed), NULL); }
