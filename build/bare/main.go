// Command bare is the smallest window: one page, one bound method, nothing of ours. build/bench measures the kiosk beside it.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
)

//go:embed page.html
var page []byte

// Bare is the bound method's owner.
type Bare struct{}

// Painted is called by the page after its second animation frame, as the kiosk's page does.
func (Bare) Painted() { fmt.Fprintln(os.Stderr, "painted") }

func main() {
	err := wails.Run(&options.App{
		Title: "bare", Width: 1920, Height: 1080, Frameless: true, WindowStartState: options.Fullscreen,
		AssetServer: &assetserver.Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(page)
		})},
		OnStartup: func(context.Context) {
			signal.Reset(syscall.SIGTERM)
		},
		Bind:  []any{&Bare{}},
		Linux: &linux.Options{WebviewGpuPolicy: linux.WebviewGpuPolicyNever},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
