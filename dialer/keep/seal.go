package keep

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"apel/contactdb"
	"apel/media"

	"filippo.io/age"
	"go.uber.org/zap"
)

// sealedSuffix is added to the name of a recording that is encrypted.
const sealedSuffix = ".age"

// Seal encrypts a finished recording to the recipients and removes
// the plain one. It gives the path within the data directory, and the SHA-256,
// of what is stored. Without recipients that is the recording as it is.
func (k *Keeper) Seal(rel, plainSum string) (stored, sum string, err error) {
	if len(k.recipients) == 0 {
		return rel, plainSum, nil
	}
	k.moving.RLock()
	defer k.moving.RUnlock()
	plain := filepath.Join(k.dir, rel)
	sum, err = encryptFile(plain, k.recipients)
	if err != nil {
		return rel, plainSum, fmt.Errorf("encrypt the recording: %w", err)
	}
	if err := os.Remove(plain); err != nil {
		return rel, plainSum, fmt.Errorf("remove the plain recording: %w", err)
	}
	return rel + sealedSuffix, sum, nil
}

// encryptFile writes path.age, durable and whole or not at all, and gives its
// SHA-256.
func encryptFile(path string, to []age.Recipient) (sum string, err error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.OpenFile(path+sealedSuffix+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	err = func() error {
		w, err := age.Encrypt(io.MultiWriter(out, h), to...)
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, in); err != nil {
			return err
		}
		return errors.Join(w.Close(), out.Sync())
	}()
	err = errors.Join(err, out.Close())
	if err == nil {
		err = os.Rename(out.Name(), path+sealedSuffix)
	}
	if err != nil {
		_ = os.Remove(out.Name()) // the first error tells
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Finish completes what a killed service has recorded of a call, and
// encrypts it.
func (k *Keeper) Finish(a contactdb.Attempt) {
	rel := a.Notes.Recording
	if rel == "" {
		return
	}
	r, err := media.FinishRecording(filepath.Join(k.dir, rel))
	sum := r.SHA256
	switch {
	case err == nil:
		rel, sum, err = k.Seal(rel, sum)
	case errors.Is(err, fs.ErrNotExist): // killed after it was encrypted
		var e error
		if sum, e = fileSum(filepath.Join(k.dir, rel+sealedSuffix)); e == nil {
			rel, err = rel+sealedSuffix, nil
		}
	}
	if err == nil {
		err = k.store.Note(a.ID, contactdb.Notes{Recording: rel, SHA256: sum})
	}
	if err != nil {
		k.log.Error("a recording of the last life cannot be completed", zap.String("attempt", a.ID), zap.Error(err))
	}
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

const (
	// sealEvery is how often what could not be encrypted is tried again.
	sealEvery = 10 * time.Minute
	// sealAfter is how old a plain recording is that its call encrypts no more.
	sealAfter = 5 * time.Minute
)

// sealLeft encrypts recordings that are plain though there are recipients:
// their encryption failed, as on a full disk, or they were made before there
// were any. The record keeps the name and the SHA-256 of the plain one, which is
// that of what is heard when it is decrypted.
func (k *Keeper) sealLeft(now time.Time) {
	root := filepath.Join(k.dir, recordings)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || k.stopping() {
			return errors.Join(err, fs.SkipAll)
		}
		if !d.Type().IsRegular() || filepath.Ext(path) != ".wav" {
			return nil
		}
		info, err := d.Info()
		if err != nil || now.Sub(info.ModTime()) < sealAfter {
			return nil // gone, or its call's
		}
		rel, err := filepath.Rel(k.dir, path)
		if err == nil {
			_, _, err = k.Seal(rel, "")
		}
		if err != nil {
			k.log.Error("a recording is plain still", zap.String("recording", rel), zap.Error(err))
			return nil // the others may do better
		}
		k.log.Info("a plain recording is encrypted now", zap.String("recording", rel))
		return nil
	})
	if err != nil && !errors.Is(err, fs.SkipAll) {
		k.log.Error("recordings cannot be looked through", zap.Error(err))
	}
}
