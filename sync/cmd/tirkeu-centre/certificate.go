package main

import (
	"fmt"
	"io"

	"github.com/tirkeu/kiosk/sync/centre"
)

func listCertificates(c *call) func() error {
	iin := c.flags.String("iin", "", "only those of this IIN")
	return func() error {
		return c.with(func(o *centre.Centre) error {
			all, err := o.Certificates(c.ctx, *iin)
			if err != nil {
				return err
			}
			return c.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "SERIAL\tCA\tTEMPLATE\tVALID UNTIL\tREVOKED\tAPPLICATION")
				for _, one := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%t\t%s\n", one.Serial, one.Issuer, one.Template, one.NotAfter.Format("2006-01-02"), one.RevokedAt != nil, one.Number)
				}
			})
		})
	}
}

func revokeCertificate(c *call) func() error {
	reason := c.flags.String("reason", "", "a reason of RFC 5280 §5.3.1 by name: keyCompromise, superseded, cessationOfOperation … (default unspecified)")
	return func() error {
		return c.with(func(o *centre.Centre) error {
			err := o.RevokeCertificate(c.ctx, c.args[0], *reason)
			if err == nil {
				fmt.Fprintf(c.out, "certificate %s is revoked\n", c.args[0])
			}
			return err
		})
	}
}
