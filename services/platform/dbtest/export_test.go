package dbtest

// TemplateName lets tests drop the templates that they caused.
var TemplateName = templateName
