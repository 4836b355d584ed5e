package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// What it measures is the machine's; that it measures the same work on both sides is promised here.
func TestMeasure_ComparesWithTheEngine(t *testing.T) {
	missing := ""
	if _, err := exec.LookPath("cc"); err != nil {
		missing = "cc"
	} else if out, err := exec.Command("openssl", "engine", "gost").CombinedOutput(); err != nil || !strings.Contains(string(out), "(gost)") {
		missing = "OpenSSL's gost engine"
	} else if _, err := os.Stat("/usr/include/openssl/engine.h"); err != nil {
		missing = "libssl-dev"
	}
	if missing != "" {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" {
			t.Fatalf("%s is not installed", missing)
		}
		t.Skipf("%s is not installed", missing)
	}
	r, err := measure(3, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.SignRatio <= 0 || r.VerifyRatio <= 0 || r.SignUs <= 0 || r.VerifyUs <= 0 || r.EngineSign <= 0 || r.EngineVerify <= 0 || r.Rounds != 3 {
		t.Errorf("%+v", r)
	}
}
