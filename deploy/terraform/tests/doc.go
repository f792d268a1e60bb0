// Package tests holds Terraform's modules against the code that they run: the document that ship reads, the variables of each
// process, and the log lines that alarms count. What a module makes by itself is asserted beside it, by `terraform test`; nothing
// here needs Terraform.
package tests
