package watch

import "golang.org/x/sys/unix"

// Remote returns the type of the filesystem of dir if it may not report changes
// that were made elsewhere, such as on another machine or outside a container:
// "9p", "nfs", "smb" or "fuse". It returns "" for other filesystems.
func Remote(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return ""
	}
	switch uint32(s.Type) { // see statfs(2)
	case unix.V9FS_MAGIC:
		return "9p"
	case unix.NFS_SUPER_MAGIC:
		return "nfs"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "smb"
	case unix.FUSE_SUPER_MAGIC:
		return "fuse"
	}
	return ""
}
