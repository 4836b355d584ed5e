// Package api is the contract between a kiosk and the centre besides CMP: the OpenAPI document, and the types and
// client generated from it. The document comes first; whoever changes a call changes openapi.yaml and runs go generate.
//
// The client knows nothing of certificates: the caller gives it an *http.Client whose TLS configuration holds the
// device's certificate and trusts the centre's root only. Bodies carry personal data and must not be logged.
package api

import _ "embed"

//go:generate go run -C ../../build/tools ./openapi ../../sync/api/openapi.yaml ../../sync/api/openapi.json
//go:generate go tool -modfile=../../build/tools/go.mod oapi-codegen -config generate.yaml -o api.gen.go openapi.yaml

// Specification is openapi.yaml as JSON: what GET /api/v1/openapi.json answers.
//
//go:embed openapi.json
var Specification []byte
