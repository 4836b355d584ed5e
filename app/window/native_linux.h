// What Wails v2 lacks and the web view can do.
#ifndef TIRKEU_NATIVE_H
#define TIRKEU_NATIVE_H

// Ends the page's process and loads the page anew. May be called from any thread.
void tirkeu_replace_page(void);

#endif
