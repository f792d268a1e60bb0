// Package staff makes accounts of those who run the shop. In the shop they are customers like all others.
package staff
