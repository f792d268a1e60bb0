// Package images is about what runs in containers: the Dockerfile, the script that makes an image's root file system, and the tests
// that these are what they promise. What lies in an image beside its program is the business of contents.
package images
