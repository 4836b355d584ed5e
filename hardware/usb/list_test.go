//go:build cgo

package usb

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/gousb"
)

func TestDevices_NeverPanicsWhateverTheMachineHas(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for range 3 {
		devices, err := Devices(ctx)
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
		for _, d := range devices {
			t.Log(d.ID(), d.Known, d.Product)
		}
	}
}

func TestDevices_FailingLibusbIsAValueAndIsTriedAgain(t *testing.T) {
	kept := lists.context
	defer func() { lists.context, newContext = kept, gousb.NewContext }()
	lists.context = nil
	newContext = func() *gousb.Context { panic("libusb: no such device [code -4]") }
	_, err := Devices(context.Background())
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "code -4") {
		t.Fatalf("%v", err)
	}
	newContext = gousb.NewContext
	if _, err := Devices(context.Background()); err != nil && strings.Contains(err.Error(), "code -4") {
		t.Errorf("it was not tried again: %v", err)
	}
}

func TestDevices_EndsWithItsContext(t *testing.T) {
	lists.turn <- struct{}{} // somebody's list hangs
	defer func() { <-lists.turn }()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Devices(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// listed is how the run on the virtual bus hands back what it saw.
const listed = "TIRKEU_USB_LISTED"

// On a virtual bus (umockdev) the devices are named by the table. Their strings need control transfers, which a static virtual bus does not carry:
// so this is also the case of devices that keep silent.
func TestDevices_AreNamedByTheTableOnAVirtualBus(t *testing.T) {
	if out := os.Getenv(listed); out != "" { // inside umockdev-run
		devices, err := Devices(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(devices)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(out, encoded, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := exec.LookPath("umockdev-run"); err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" {
			t.Fatal("umockdev-run is missing (Debian package umockdev)")
		}
		t.Skip("umockdev-run is missing")
	}
	dir := t.TempDir()
	described := filepath.Join(dir, "bus.umockdev")
	text := mockDevice(1, 2, 0x0529, 0x0620, 0x0b) + mockDevice(1, 3, 0x24dc, 0x0402, 0x0b) + mockDevice(1, 4, 0x072f, 0xb100, 0x0b) +
		mockDevice(1, 5, 0x1234, 0x0001, 0x07) + mockDevice(1, 6, 0x1234, 0x0002, 0x0b) + mockDevice(1, 7, 0x1234, 0x0003, 0x03)
	if err := os.WriteFile(described, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "listed.json")
	cmd := exec.Command("umockdev-run", "-d", described, "--", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), listed+"="+out)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var devices []Device
	encoded, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(encoded, &devices); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range devices {
		got = append(got, fmt.Sprintf("%d.%d %s %s %s", d.Bus, d.Address, d.ID(), d.Kind, d.Known))
	}
	want := []string{
		"1.2 0529:0620 etoken eToken PRO 72K Java, 5100", "1.3 24dc:0402 jacarta JaCarta", "1.4 072f:b100 reader ACS ACR39U",
		"1.5 1234:0001 printer ", "1.6 1234:0002 reader ", "1.7 1234:0003  ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("listed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// mockDevice describes one full-speed device with one interface of the given class, in the text form of umockdev.
func mockDevice(bus, address int, vendor, product uint16, class byte) string {
	device := []byte{18, 1, 0, 2, 0, 0, 0, 8, byte(vendor), byte(vendor >> 8), byte(product), byte(product >> 8), 0, 1, 1, 2, 3, 1}
	face := []byte{9, 4, 0, 0, 1, class, 0, 0, 0, 7, 5, 0x81, 2, 64, 0, 0}
	config := append([]byte{9, 2, byte(9 + len(face)), 0, 1, 1, 0, 0x80, 50}, face...)
	node := fmt.Sprintf("bus/usb/%03d/%03d", bus, address)
	return fmt.Sprintf("P: /devices/pci0000:00/0000:00:14.0/usb%d/%d-%d\nN: %s\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\nE: DRIVER=usb\n"+
		"E: DEVNAME=/dev/%s\nE: BUSNUM=%03d\nE: DEVNUM=%03d\nE: MAJOR=189\nE: MINOR=%d\nE: PRODUCT=%x/%x/100\n"+
		"A: busnum=%d\\n\nA: devnum=%d\\n\nA: idVendor=%04x\\n\nA: idProduct=%04x\\n\nA: speed=12\\n\nA: bConfigurationValue=1\\n\n"+
		"A: bNumConfigurations=1\\n\nA: devpath=%d\\n\nH: descriptors=%s\n\n",
		bus, bus, address, node, node, bus, address, (bus-1)*128+address-1, vendor, product,
		bus, address, vendor, product, address, strings.ToUpper(hex.EncodeToString(append(device, config...))))
}

func TestPrintable_LetsNothingThroughThatActsOnAScreen(t *testing.T) {
	for in, want := range map[string]string{
		"SafeNet": "SafeNet", " eToken \n": "eToken", "\x1b[2Ja": "[2Ja", "a\u202eb": "ab", "a\xffb": "ab",
		"Кілт": "Кілт", strings.Repeat("x", 500): strings.Repeat("x", maxString), "": "",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
