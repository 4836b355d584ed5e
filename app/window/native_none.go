//go:build !(linux && cgo && production)

package window

// onRendererGone is called when the page's process has ended by itself.
var onRendererGone func(reason string)

// replacePage has nothing to replace: without the tag production there is no page.
func replacePage() {}
