package stick

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
)

// The socket of the helper on the machine made of a folder.
func socketOf(folder string) string { return filepath.Join(folder, "mount") }

// said is what the kiosk without any right has to tell.
type said struct {
	UID                                         int
	Own, Strangers, New, Replaced, Left, Device string
	Files                                       int
}

// nobodyAsChild uses a stick, and tells how it went.
func nobodyAsChild() {
	folder := os.Getenv(childFolder)
	d := OpenDevices(Configuration{Root: rootOf(folder), Socket: socketOf(folder), Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for s := range d.States(ctx) {
		if s.Standing == StandingReady {
			break
		}
	}
	out := said{UID: os.Getuid()}
	word := func(err error) string { return fmt.Sprint(err) }
	_, err := d.Read("own.p12", 100)
	out.Own = word(err)
	_, err = d.Read("stranger.p12", 100)
	out.Strangers = word(err)
	files, _ := d.KeyFiles(ctx)
	out.Files = len(files)
	out.New = word(d.WriteNew("new.p12", []byte("new")))
	out.Replaced = word(d.Replace("own.p12", []byte("replaced")))
	_, err = os.Open("/dev/" + os.Getenv("TIRKEU_STICK_NODE"))
	out.Device = word(err)
	out.Left = word(d.Release(ctx))
	_ = json.NewEncoder(os.Stdout).Encode(out)
}

// helperFor starts a helper for each connection, with the rights that the machine's unit leaves it (build/systemd).
func helperFor(t *testing.T, folder string) {
	t.Helper()
	listener, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: socketOf(folder), Net: "unixpacket"})
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	must(t, os.Chmod(socketOf(folder), 0o666))
	go func() {
		for {
			conn, err := listener.AcceptUnix()
			if err != nil {
				return
			}
			theirs, err := conn.File()
			conn.Close()
			if err != nil {
				t.Error(err)
				return
			}
			helper := child(childMounter, folder)
			helper.Args = append([]string{"setpriv", "--bounding-set=-all,+sys_admin,+setuid,+setgid", "--inh-caps=-all", "--no-new-privs", helper.Path}, helper.Args[1:]...)
			helper.Path = "/usr/bin/setpriv"
			helper.Stdin = theirs
			if err := helper.Start(); err != nil {
				t.Error(err)
			}
			theirs.Close()
			go helper.Wait()
		}
	}()
}

func TestDevices_KioskWithoutAnyRightUsesTheStickAndNothingElse(t *testing.T) {
	needs(t, "setpriv")
	for _, owns := range []int{0, 1000} {
		t.Run(fmt.Sprintf("a stick of user %d", owns), func(t *testing.T) {
			picture := ext4(t)
			prepared(t, picture, func(folder string) {
				must(t, os.Chown(folder, owns, owns))
				for name, uid := range map[string]int{"own.p12": owns, "stranger.p12": 4711} {
					path := filepath.Join(folder, name)
					must(t, os.WriteFile(path, []byte(name), 0o600))
					must(t, os.Chown(path, uid, uid))
				}
			})
			m := blocktest.New(t)
			disk := looped(t, picture)
			m.Plug(disk)
			helperFor(t, m.Folder)
			program := filepath.Join(t.TempDir(), "kiosk") // where everybody can run it
			must(t, os.Chmod(filepath.Dir(m.Folder), 0o755))
			copied(t, os.Args[0], program)
			c := exec.Command(program)
			c.Env = append(os.Environ(), childRole+"="+childNobody, childFolder+"="+m.Folder, "TIRKEU_STICK_NODE="+disk.Name)
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			c.Stderr = os.Stderr
			text, err := c.Output()
			must(t, err)
			var got said
			must(t, json.NewDecoder(bytes.NewReader(text)).Decode(&got))
			want := said{UID: 65534, Own: "<nil>", Strangers: got.Strangers, New: "<nil>", Replaced: "<nil>", Left: "<nil>", Device: "open /dev/" + disk.Name + ": permission denied", Files: 2}
			if got != want {
				t.Errorf("%+v,\nwant %+v", got, want)
			}
			if got.Strangers == "<nil>" {
				t.Error("it reads what somebody else closed to others")
			}
			free(t, disk)
			prepared(t, picture, func(folder string) {
				for name, text := range map[string]string{"own.p12": "replaced", "new.p12": "new"} {
					path := filepath.Join(folder, name)
					data, err := os.ReadFile(path)
					must(t, err)
					var info unix.Stat_t
					must(t, unix.Stat(path, &info))
					if string(data) != text || int(info.Uid) != owns {
						t.Errorf("%s holds %q and is of user %d, want %q of %d", name, data, info.Uid, text, owns)
					}
				}
			})
		})
	}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	must(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, err)
	must(t, out.Close())
}
