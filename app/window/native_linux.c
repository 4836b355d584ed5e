//go:build linux && cgo && production

#include "native_linux.h"
#include <string.h>
#include <webkit2/webkit2.h>
#ifdef TIRKEU_TRAINING
#include "band_training.h"
#endif

extern void tirkeuRendererGone(int reason); // Go

static WebKitWebView *the_view;
static gboolean replacing;

static void on_terminated(WebKitWebView *view, WebKitWebProcessTerminationReason reason, gpointer data) {
	(void)view; (void)data;
	if (reason == WEBKIT_WEB_PROCESS_TERMINATED_BY_API) return; // our own replacement
	tirkeuRendererGone(reason == WEBKIT_WEB_PROCESS_EXCEEDED_MEMORY_LIMIT);
}

// Wails has no navigation policy: whatever leaves the program's own scheme is refused, and so is a new window.
static gboolean on_policy(WebKitWebView *view, WebKitPolicyDecision *decision, WebKitPolicyDecisionType type, gpointer data) {
	(void)view; (void)data;
	if (type == WEBKIT_POLICY_DECISION_TYPE_RESPONSE) return FALSE;
	const char *uri = webkit_uri_request_get_uri(webkit_navigation_action_get_request(
		webkit_navigation_policy_decision_get_navigation_action(WEBKIT_NAVIGATION_POLICY_DECISION(decision))));
	if (type == WEBKIT_POLICY_DECISION_TYPE_NAVIGATION_ACTION && uri &&
	    (strncmp(uri, "wails://", 8) == 0 || strcmp(uri, "about:blank") == 0)) return FALSE;
	webkit_policy_decision_ignore(decision);
	return TRUE;
}

static gboolean on_permission(WebKitWebView *view, WebKitPermissionRequest *request, gpointer data) {
	(void)view; (void)data;
	webkit_permission_request_deny(request);
	return TRUE;
}

#ifdef TIRKEU_AUTOMATION
static WebKitWebView *on_create_web_view(WebKitAutomationSession *session, gpointer view) {
	(void)session;
	return view;
}

static void on_automation_started(WebKitWebContext *context, WebKitAutomationSession *session, gpointer view) {
	(void)context;
	WebKitApplicationInfo *info = webkit_application_info_new();
	webkit_application_info_set_name(info, "tirkeu");
	webkit_application_info_set_version(info, 1, 0, 0);
	webkit_automation_session_set_application_info(session, info);
	webkit_application_info_unref(info);
	g_signal_connect(session, "create-web-view", G_CALLBACK(on_create_web_view), view);
}
#endif

// Wails shows the window in the size that it was told and in the middle, and asks for the full screen after; where no window manager hears that, only the
// size follows, and a window that was taken for a larger one hangs over the edge. What it is told is the enrolled display, a guess before: so the window
// gets the size of the glass itself, before it is shown.
static void on_anchored(GtkWidget *view, GtkWidget *before, gpointer data) {
	(void)before; (void)data;
	GtkWidget *top = gtk_widget_get_toplevel(view);
	if (!GTK_IS_WINDOW(top)) return;
	GdkDisplay *display = gtk_widget_get_display(view);
	GdkMonitor *glass = gdk_display_get_primary_monitor(display);
	if (!glass) glass = gdk_display_get_monitor(display, 0);
	if (!glass) return;
	GdkRectangle r;
	gdk_monitor_get_geometry(glass, &r);
	gtk_window_set_default_size(GTK_WINDOW(top), r.width, r.height);
}

// Wails makes its one web view by this function of the library. The program's own symbol goes before the shared
// object's, so the view is made here, with the handlers that Wails does not offer.
GtkWidget *webkit_web_view_new_with_user_content_manager(WebKitUserContentManager *manager) {
	gboolean automated = FALSE;
#ifdef TIRKEU_AUTOMATION
	WebKitWebContext *context = webkit_web_context_get_default();
	webkit_web_context_set_automation_allowed(context, TRUE);
	automated = TRUE;
#endif
	the_view = g_object_new(WEBKIT_TYPE_WEB_VIEW, "user-content-manager", manager,
		"is-controlled-by-automation", automated, NULL);
#ifdef TIRKEU_AUTOMATION
	g_signal_connect(context, "automation-started", G_CALLBACK(on_automation_started), the_view);
#endif
	g_signal_connect(the_view, "web-process-terminated", G_CALLBACK(on_terminated), NULL);
	g_signal_connect(the_view, "decide-policy", G_CALLBACK(on_policy), NULL);
	g_signal_connect(the_view, "permission-request", G_CALLBACK(on_permission), NULL);
	g_signal_connect(the_view, "hierarchy-changed", G_CALLBACK(on_anchored), NULL);
#ifdef TIRKEU_TRAINING
	tirkeu_band_over(GTK_WIDGET(the_view));
#endif
	return GTK_WIDGET(the_view);
}

static gboolean replace_now(gpointer data) {
	(void)data;
	replacing = FALSE;
	if (!the_view) return G_SOURCE_REMOVE;
	webkit_web_view_terminate_web_process(the_view);
	webkit_web_view_load_uri(the_view, "wails://wails/");
	return G_SOURCE_REMOVE;
}

void tirkeu_replace_page(void) {
	if (!g_atomic_int_compare_and_exchange(&replacing, FALSE, TRUE)) return;
	g_idle_add(replace_now, NULL);
}
