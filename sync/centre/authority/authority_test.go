package authority_test

import "github.com/tirkeu/kiosk/sync/centre/authority"

func optionsNow() authority.Options { return authority.Options{} }
