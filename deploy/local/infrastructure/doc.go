// Package infrastructure judges what Terraform's own tests cannot say of themselves: what the planned stack costs a month, and
// whether a second plan right after an apply would change anything. It reads the output of "terraform test -json -verbose" and two
// reviewed files of deploy/terraform/tests. It calls neither Terraform nor AWS.
package infrastructure
