module github.com/bartgottschalk/startupwebapp/deploy/images

go 1.26.0

replace github.com/bartgottschalk/startupwebapp/proto => ../../proto

require (
	github.com/stretchr/testify v1.12.1
	golang.org/x/crypto/x509roots/fallback v0.0.0-20261030153154-30a33513ff6d
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
