package window

import (
	"os"
	"path/filepath"
)

// environment is what GTK, WebKit and the page's process are told by their environment, which is ours: they have no other way to hear of it.
var environment = []struct{ name, value string }{
	// The page's script runs without a compiler: what it compiled would be used for a minute and thrown away with the page's process, yet its threads
	// share two cores with the first painting and its memory is some 14 MB. The page's process then makes no executable memory either.
	// Source/JavaScriptCore/runtime/Options.cpp.
	{"JSC_useJIT", "0"},
	// The window is painted without OpenGL (WebviewGpuPolicyNever), yet GDK asks the display for what OpenGL it has, and WebKit for what buffers it
	// could share with the screen. Without a GPU that loads Mesa and LLVM, a tenth of the time to the first screen.
	// gdk/gdk.c; Source/WebKit/UIProcess/gtk/AcceleratedBackingStore.cpp.
	{"GDK_GL", "disable"},
	{"WEBKIT_DISABLE_DMABUF_RENDERER", "1"},
}

// prepareEnvironment sets the environment, but for what is set already. It comes before GTK: C reads an environment without a lock.
func prepareEnvironment() {
	for _, v := range environment {
		setUnlessSet(v.name, v.value)
	}
	if !userBus() {
		// Else GIO and libdbus would run dbus-launch three times before the first screen. That forks this whole process each time, and leaves a bus behind
		// where that program is installed; and what is forked from a program with threads can inherit a lock that nobody will open, as it does that of
		// umockdev's library: the window then never comes. A bus whose address is set is used: a screen reader needs it.
		setUnlessSet("DBUS_SESSION_BUS_ADDRESS", "disabled:")
	}
}

// userBus says whether there is a message bus where GIO and libdbus look for one that no address leads to, before they start one (gio/gdbusaddress.c).
func userBus() bool {
	folder := os.Getenv("XDG_RUNTIME_DIR")
	if folder == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(folder, "bus"))
	return err == nil
}

func setUnlessSet(name, value string) {
	if _, set := os.LookupEnv(name); !set {
		_ = os.Setenv(name, value) // fails for a malformed name only
	}
}
