module hotpress.test/interop

go 1.19
