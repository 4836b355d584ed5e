package main

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
)

// maxFile bounds what is read from a file, in octets.
const maxFile = 64 << 20

var commands = []command{
	{words: "init", help: "make a sandbox authority and its database\n\nA root, an issuing CA for RSA and one for GOST. Nothing is overwritten: where either is there already it fails.", setup: initialise},
	{words: "serve", help: "answer kiosks and staff until SIGTERM\n\nTLS 1.3 with a certificate of the sandbox root. Prints one line beginning with \"listening\" when it answers.", setup: serve},
	{words: "ca export", args: "DIR", least: 1, most: 1, help: "write root.pem, issuing.pem (RSA) and issuing-gost.pem into a folder\n\nBoth issuing CAs stand under the one root. An authority from before there was a GOST CA gains it when it is next opened.", setup: exportCA},
	{words: "kiosk add", args: "NAME", least: 1, most: 1, data: true, help: "make a kiosk; prints reference and secret for its enrolment, once\n\nThe secret is void after 24 hours or 10 wrong tries, and spent when the kiosk confirms its certificate.", setup: addKiosk},
	{words: "kiosk list", data: true, help: "list kiosks", setup: listKiosks},
	{words: "kiosk revoke", args: "NAME|PREFIX", least: 1, most: 1, help: "shut a kiosk out for ever and revoke its certificates", setup: revokeKiosk},
	{words: "staff add", args: "FILE", least: 1, most: 1, data: true, help: "register an operator from a PEM certificate, or issue one for a PEM request\n\nThe register's name wins over --name.", setup: addStaff},
	{words: "staff list", data: true, help: "list operators", setup: listStaff},
	{words: "staff revoke", args: "ID|SERIAL|IIN", least: 1, most: 1, help: "shut an operator out for ever and revoke his certificate", setup: revokeStaff},
	{words: "person import", args: "FILE", least: 1, most: 1, help: "import people into the register from JSON\n\nA list, or an object with a list \"people\", of {iin, surname, given, patronymic, phone, non_resident}; - is standard input.", setup: importPeople},
	{words: "application list", data: true, help: "list applications, newest first", setup: listApplications},
	{words: "application approve", args: "NUMBER", least: 1, most: 3, help: "confirm an application; its certificates are issued when the kiosk polls", setup: approve},
	{words: "application reject", args: "NUMBER", least: 1, most: 3, help: "reject an application, with --reason", setup: reject},
	{words: "application file", args: "FILE", least: 1, most: 1, data: true, help: "file an application as the web does; prints its number\n\nJSON of {iin, email, region, locality, storage, set}, and {surname, given, patronymic} for who is not in the register; - is standard input. Its citizen confirms it at a kiosk.", setup: fileFromWeb},
	{words: "system add", args: "OID", least: 1, most: 1, help: "register an information system on its owner", setup: addSystem},
	{words: "system list", data: true, help: "list information systems", setup: listSystems},
	{words: "code list", data: true, help: "list the one-time codes that citizens may tell now, newest first\n\nThis sandbox sends no SMS: a code is shown here and in the log of serve, and nowhere else.", setup: listCodes},
	{words: "certificate list", data: true, help: "list citizens' certificates, newest first", setup: listCertificates},
	{words: "certificate revoke", args: "SERIAL", least: 1, most: 1, help: "revoke a citizen's certificate\n\nThe revocation list of the CA that signed it says so from now on, and OCSP.", setup: revokeCertificate},
	{words: "directory import", args: "FILE", least: 1, most: 1, help: "put another directory of regions, storages, texts and reasons in force", setup: importDirectory},
	{words: "audit verify", data: true, help: "say whether the audit chain is whole, or where it breaks", setup: verifyAudit},
}

// open opens the centre of the call's database.
func (c *call) open() (*centre.Centre, error) {
	return centre.Open(c.ctx, centre.Config{DB: c.db, State: c.state})
}

// with runs f on the open centre.
func (c *call) with(f func(*centre.Centre) error) error {
	o, err := c.open()
	if err != nil {
		return err
	}
	defer o.Close()
	return f(o)
}

// print prints data as JSON, or as text does.
func (c *call) print(data any, text func(io.Writer)) error {
	if c.json {
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(data)
	}
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	text(w)
	return w.Flush()
}

func readFile(name string) ([]byte, error) {
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s has more than %d octets", name, maxFile)
	}
	return data, err
}

func initialise(c *call) func() error {
	url := c.flags.String("url-http", "", "base of the URLs in certificates, until serve is told another (default "+centre.DefaultURLHTTP+")")
	return func() error {
		if err := centre.Init(c.ctx, centre.Config{DB: c.db, State: c.state, URLHTTP: *url}); err != nil {
			return err
		}
		fmt.Fprintln(c.out, "the sandbox authority stands")
		return nil
	}
}

func exportCA(c *call) func() error {
	return func() error {
		return c.with(func(o *centre.Centre) error {
			if err := os.MkdirAll(c.args[0], 0o755); err != nil {
				return err
			}
			for name, der := range map[string][]byte{"root.pem": o.Root().Raw, "issuing.pem": o.Issuing().Raw, "issuing-gost.pem": o.IssuingGOST().Raw} {
				text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
				if err := os.WriteFile(filepath.Join(c.args[0], name), text, 0o644); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func addKiosk(c *call) func() error {
	at := c.flags.String("centre", "", "code of the registration centre it stands in (default "+centre.DefaultCentre+")")
	return func() error {
		return c.with(func(o *centre.Centre) error {
			e, err := o.AddKiosk(c.ctx, c.args[0], *at)
			if err != nil {
				return err
			}
			return c.print(e, func(w io.Writer) {
				fmt.Fprintf(w, "reference\t%s\nsecret\t%s\nprefix\t%s\nvoid after\t%s\n", e.Reference, e.Secret, e.Prefix, e.ExpiresAt.Format("2006-01-02 15:04 MST"))
			})
		})
	}
}

func listKiosks(c *call) func() error {
	return func() error {
		return c.with(func(o *centre.Centre) error {
			all, err := o.Kiosks(c.ctx)
			if err != nil {
				return err
			}
			return c.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "PREFIX\tSTATE\tCENTRE\tNAME")
				for _, k := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Prefix, k.State, k.Centre, k.Name)
				}
			})
		})
	}
}

func revokeKiosk(c *call) func() error {
	return func() error {
		return c.with(func(o *centre.Centre) error { return o.RevokeKiosk(c.ctx, c.args[0]) })
	}
}

func addStaff(c *call) func() error {
	out := c.flags.String("out", "", "write the certificate to this file (default: print it)")
	name := c.flags.String("name", "", "surname, given name and patronymic, for a request")
	iin := c.flags.String("iin", "", "IIN, for a request that names none")
	return func() error {
		file, err := readFile(c.args[0])
		if err != nil {
			return err
		}
		return c.with(func(o *centre.Centre) error {
			operator, cert, err := o.AddOperator(c.ctx, file, *iin, *name)
			if err != nil {
				return err
			}
			if *out != "" {
				if err := os.WriteFile(*out, cert, 0o644); err != nil {
					return fmt.Errorf("the operator is registered, but writing the certificate failed: %w", err)
				}
			}
			return c.print(operator, func(w io.Writer) {
				fmt.Fprintf(w, "operator\t%s\nid\t%s\n", operator.Name, operator.ID)
				if *out == "" {
					w.Write(cert)
				}
			})
		})
	}
}

func listStaff(c *call) func() error {
	return func() error {
		return c.with(func(o *centre.Centre) error {
			all, err := o.Operators(c.ctx)
			if err != nil {
				return err
			}
			return c.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "SERIAL\tVALID UNTIL\tREVOKED\tNAME")
				for _, s := range all {
					fmt.Fprintf(w, "%s\t%s\t%t\t%s\n", s.Serial, s.NotAfter.Format("2006-01-02"), s.RevokedAt != nil, s.Name)
				}
			})
		})
	}
}

func revokeStaff(c *call) func() error {
	return func() error {
		return c.with(func(o *centre.Centre) error { return o.RevokeOperator(c.ctx, c.args[0]) })
	}
}

func importPeople(c *call) func() error {
	return func() error {
		file, err := readFile(c.args[0])
		if err != nil {
			return err
		}
		return c.with(func(o *centre.Centre) error {
			n, err := o.ImportPeople(c.ctx, file)
			if err == nil {
				fmt.Fprintf(c.out, "%d people imported\n", n)
			}
			return err
		})
	}
}

func listApplications(c *call) func() error {
	status := c.flags.String("status", "", "only those: waiting, confirmed, rejected, expired, issued, installed or revoked")
	return func() error {
		if *status != "" && !api.Status(*status).Valid() {
			return usage("there is no status %q", *status)
		}
		return c.with(func(o *centre.Centre) error {
			all, err := o.Applications(c.ctx, api.Status(*status))
			if err != nil {
				return err
			}
			return c.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "NUMBER\tSTATUS\tFILED\tTEMPLATES\tNAME")
				for _, a := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Number, a.Status, a.FiledAt.Format("2006-01-02 15:04"), strings.Join(a.Templates, ","), a.Name)
				}
			})
		})
	}
}

// number takes a number as people write it, "9000 000001 5", too.
func (c *call) number() string { return strings.ReplaceAll(strings.Join(c.args, ""), " ", "") }

func approve(c *call) func() error {
	return func() error {
		return c.with(func(o *centre.Centre) error {
			err := o.Approve(c.ctx, c.number())
			if err == nil {
				fmt.Fprintf(c.out, "application %s is confirmed\n", c.number())
			}
			return err
		})
	}
}

func reject(c *call) func() error {
	reason := c.flags.String("reason", "", "why; required")
	return func() error {
		if *reason == "" {
			return usage("a rejection needs --reason TEXT")
		}
		return c.with(func(o *centre.Centre) error {
			err := o.Reject(c.ctx, c.number(), *reason)
			if err == nil {
				fmt.Fprintf(c.out, "application %s is rejected\n", c.number())
			}
			return err
		})
	}
}

func importDirectory(c *call) func() error {
	return func() error {
		file, err := readFile(c.args[0])
		if err != nil {
			return err
		}
		return c.with(func(o *centre.Centre) error {
			version, err := o.ImportDirectory(c.ctx, file)
			if err == nil {
				fmt.Fprintf(c.out, "directory %s is in force\n", version)
			}
			return err
		})
	}
}

func verifyAudit(c *call) func() error {
	export := c.flags.String("export", "", "write the rows to this file as JSON lines")
	return func() error {
		return c.with(func(o *centre.Centre) error {
			var lines *bufio.Writer
			var to io.Writer
			if *export != "" {
				f, err := os.OpenFile(*export, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
				if err != nil {
					return err
				}
				defer f.Close()
				lines = bufio.NewWriter(f)
				to = lines
			}
			report, err := o.VerifyAudit(c.ctx, to)
			if err != nil {
				return err
			}
			if lines != nil {
				if err := lines.Flush(); err != nil {
					return err
				}
			}
			err = c.print(report, func(w io.Writer) {
				if report.BrokenAt == 0 {
					fmt.Fprintf(w, "the audit chain is whole: %d rows, last hash %s\n", report.Rows, report.LastHash)
				}
			})
			if err == nil && report.BrokenAt != 0 {
				err = fmt.Errorf("the audit chain breaks at row %d: it was changed there, or the row before it removed; keep the database and compare it with a backup", report.BrokenAt)
			}
			return err
		})
	}
}
