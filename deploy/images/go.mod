module github.com/bartgottschalk/startupwebapp/deploy/images

go 1.26.0

replace github.com/bartgottschalk/startupwebapp/services/platform => ../../services/platform
