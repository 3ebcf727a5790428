. ../../path.sh
