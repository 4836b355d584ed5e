package main

import (
	"fmt"
	"io"
	"time"

	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/registry"
)

func fileFromWeb(c *call) func() error {
	return func() error {
		file, err := readFile(c.args[0])
		if err != nil {
			return err
		}
		return c.with(func(o *centre.Centre) error {
			number, err := o.FileFromWeb(c.ctx, file)
			if err != nil {
				return err
			}
			return c.print(map[string]string{"number": number}, func(w io.Writer) { fmt.Fprintln(w, registry.FormatNumber(number)) })
		})
	}
}

func addSystem(c *call) func() error {
	iin := c.flags.String("iin", "", "IIN of the owner; required")
	kk := c.flags.String("name-kk", "", "name in Kazakh (default: the Russian one)")
	ru := c.flags.String("name-ru", "", "name in Russian; required")
	en := c.flags.String("name-en", "", "name in English (default: the Russian one)")
	return func() error {
		if *iin == "" || *ru == "" {
			return usage("a system needs --iin and --name-ru")
		}
		name := registry.Words{KK: *kk, RU: *ru, EN: *en}
		if name.KK == "" {
			name.KK = *ru
		}
		if name.EN == "" {
			name.EN = *ru
		}
		return c.with(func(o *centre.Centre) error {
			err := o.AddSystem(c.ctx, centre.SystemRow{OID: c.args[0], IIN: *iin, Name: name})
			if err == nil {
				fmt.Fprintf(c.out, "information system %s is registered\n", c.args[0])
			}
			return err
		})
	}
}

func listSystems(c *call) func() error {
	iin := c.flags.String("iin", "", "only those of this IIN")
	return func() error {
		return c.with(func(o *centre.Centre) error {
			all, err := o.Systems(c.ctx, *iin)
			if err != nil {
				return err
			}
			return c.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "OID\tOWNER\tNAME")
				for _, y := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\n", y.OID, y.IIN, y.Name.RU)
				}
			})
		})
	}
}

func listCodes(c *call) func() error {
	return func() error {
		return c.with(func(o *centre.Centre) error {
			all, err := o.Codes(c.ctx)
			if err != nil {
				return err
			}
			return c.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "CODE\tIIN\tFOR\tBY\tVALID UNTIL")
				for _, one := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", one.Code, one.IIN, one.Kind, one.Method, one.ExpiresAt.Local().Format(time.TimeOnly))
				}
			})
		})
	}
}
