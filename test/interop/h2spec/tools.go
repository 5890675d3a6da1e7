//go:build tools

// h2spec as the tests have it. It has no go.mod: what it needs is settled by that of this folder, in versions that Go
// 1.19 builds.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
